import { addressNumber, isLocalhostName } from '@causeway/contract';
import { stringify } from 'yaml';
import { deviceTarget, hostPort, type DemoApp } from './demo-app.ts';

export interface DemoPublisherConfig {
  readonly intranetPort: number;
  readonly notesPort: number;
  readonly app: DemoApp | null;
  /** Where the publisher keeps its identity, relative to where it is started or absolute. */
  readonly dataDir: string;
}

const HEADER = `# The demo's publisher, written anew by every \`causeway dev\`.
# allow is its ceiling: whatever a PoP asks for, it opens nothing that is not named here.
`;

/** `publisher.yaml` of the demo: exactly the names that its apps use and the loopback addresses they lead to. */
export function demoPublisherText({ intranetPort, notesPort, app, dataDir }: DemoPublisherConfig): string {
  const own = app === null ? { allow: [], map: {} } : ownApp(app);
  return (
    HEADER +
    stringify(
      {
        data: dataDir,
        allow: [
          'intranet.corp.example:80',
          `127.0.0.1:${intranetPort}`,
          'notes.corp.example:80',
          `127.0.0.1:${notesPort}`,
          ...own.allow,
        ],
        map: {
          'intranet.corp.example:80': `127.0.0.1:${intranetPort}`,
          'notes.corp.example:80': `127.0.0.1:${notesPort}`,
          ...own.map,
        },
      },
      { lineWidth: 120 },
    )
  );
}

function ownApp(app: DemoApp): { allow: string[]; map: Record<string, string> } {
  const target = deviceTarget(app);
  const names = [hostPort(app.host, app.port), hostPort(target.host, target.port)];
  const loopback = isLocalhostName(app.host) ? [`127.0.0.1:${app.port}`, `[::1]:${app.port}`] : [];
  const pin = target.pin === null || addressNumber(target.host) !== null ? {} : { [names[1] ?? '']: target.pin };
  return { allow: [...new Set([...names, ...loopback])], map: pin };
}
