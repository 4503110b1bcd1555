import { CausewayError } from '@causeway/contract';
import { DATA_AND_JSON, dataDir, parse } from './arguments.ts';
import { askPop } from './admin-client.ts';
import { EXIT, say } from './output.ts';

const KINDS = ['session', 'user', 'device', 'publisher'] as const;

export async function revoke(args: string[]): Promise<number> {
  const { values, positionals } = parse(args, DATA_AND_JSON);
  const kind = KINDS.find((known) => known === positionals[0]);
  const id = positionals[1];
  if (kind === undefined || id === undefined) {
    throw new CausewayError('CW_USAGE', 'revoke takes session, user, device or publisher, and an id');
  }
  const answer = await askPop(dataDir(values.data), 'admin.revoke', { kind, id });
  say(values.json ? JSON.stringify(answer) : `revoked; ${answer.cut} open stream(s) cut`);
  return EXIT.ok;
}
