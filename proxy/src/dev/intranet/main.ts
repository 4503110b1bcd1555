import { z } from 'zod';
import { runDevServer, startOptions } from '../dev-process.ts';
import { intranet } from './intranet.ts';
import { notes } from './notes.ts';

/** `node main.ts '<JSON>'`: the demo's two private web applications, plain HTTP on loopback. */
const port = z.number().int().min(0).max(65_535);
const { host, intranetPort, notesPort, dataDir } = startOptions(
  z.strictObject({ host: z.string().min(1), intranetPort: port, notesPort: port, dataDir: z.string().min(1) }),
);

const site = intranet(dataDir);
runDevServer(
  [
    { server: site.server, host, port: intranetPort },
    { server: notes(), host, port: notesPort },
  ],
  site.stop,
);
