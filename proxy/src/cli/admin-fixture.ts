import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { RpcServer } from '../control/rpc-server.ts';

/** For tests: the socket of a PoP whose admin API has answers that the test made up, and keeps what it was asked. */
export interface FakeAdmin {
  readonly folder: string;
  /** `GET /users?limit=5`, and what the body said. */
  readonly asked: { readonly route: string; readonly body: unknown; readonly ifMatch: string | undefined }[];
  close(): Promise<void>;
}

/** @param answers by `METHOD /path` without its query; whatever else is asked does not exist */
export async function startFakeAdmin(answers: Readonly<Record<string, unknown>>): Promise<FakeAdmin> {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-cli-'));
  const asked: FakeAdmin['asked'] = [];
  const server = await RpcServer.listen({
    path: join(folder, 'run', 'control.sock'),
    log: pino({ level: 'silent' }),
    handlers: () => ({
      'admin.api': ({ method, path, headers, body }) => {
        const route = `${method} ${path.replace('/api/v1', '')}`;
        asked.push({ route, body: body === null ? undefined : JSON.parse(body), ifMatch: headers['if-match'] });
        const answer = answers[route.replace(/\?.*/, '')];
        if (answer !== undefined) return { status: 200, headers: {}, body: JSON.stringify(answer) };
        return { status: 404, headers: {}, body: JSON.stringify({ code: 'CW_NOT_FOUND', detail: 'not there' }) };
      },
    }),
    onClosed: () => undefined,
  });
  return {
    folder,
    asked,
    close: async () => {
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
