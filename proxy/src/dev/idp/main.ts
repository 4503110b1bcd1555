import { createServer } from 'node:https';
import { getRequestListener } from '@hono/node-server';
import { z } from 'zod';
import { runDevServer, startOptions } from '../dev-process.ts';
import { idpApp } from './idp.ts';
import { idpKeys } from './keys.ts';

/** `node main.ts '<JSON>'`: the development identity provider as a process of its own. */
const options = startOptions(
  z.strictObject({
    dataDir: z.string().min(1),
    host: z.string().min(1),
    port: z.number().int().min(0).max(65_535),
    publicUrl: z.url(),
    cert: z.string().min(1),
    key: z.string().min(1),
    serviceProviders: z.array(z.strictObject({ entityId: z.string().min(1), acs: z.url() })).min(1),
  }),
);

const app = idpApp({
  publicUrl: options.publicUrl,
  keys: await idpKeys(options.dataDir),
  serviceProviders: options.serviceProviders,
  now: Date.now,
});
const answer = getRequestListener(app.fetch);
const server = createServer({ cert: options.cert, key: options.key, minVersion: 'TLSv1.2' }, (request, response) => {
  void answer(request, response);
});
runDevServer([{ server, host: options.host, port: options.port }]);
