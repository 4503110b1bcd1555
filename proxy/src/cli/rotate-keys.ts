import { readFile } from 'node:fs/promises';
import { CausewayError } from '@causeway/contract';
import type { KeyRequest, KeyState } from '../rpc/messages.ts';
import { askPop } from './admin-client.ts';
import { DATA_AND_JSON, dataDir, parse } from './arguments.ts';
import { EXIT, say, table } from './output.ts';

const ROTATE_MS = 60_000;

/** The keys that seal the store's secrets: a new data key, or the steps of changing the master key. */
export async function rotateKeys(args: string[]): Promise<number> {
  const { values, positionals } = parse(args, {
    ...DATA_AND_JSON,
    list: { type: 'boolean', default: false },
    'add-master': { type: 'string' },
    'remove-master': { type: 'string' },
  });
  const { list, 'add-master': add, 'remove-master': remove } = values;
  if (positionals.length > 0 || [list, add !== undefined, remove !== undefined].filter(Boolean).length > 1) {
    throw new CausewayError('CW_USAGE', 'rotate-keys takes one of --list, --add-master FILE and --remove-master ID');
  }
  const request: KeyRequest = list
    ? { do: 'list' }
    : add !== undefined
      ? { do: 'add', masterKey: await keyText(add) }
      : remove !== undefined
        ? { do: 'remove', id: remove }
        : { do: 'rotate' };
  const state = await askPop(dataDir(values.data), 'admin.keys', request, ROTATE_MS);
  if (values.json) say(JSON.stringify(state));
  else say(stateText(state) + nextStep(request, state));
  return EXIT.ok;
}

/** From a file, or from standard input for a key that is in no file. */
async function keyText(file: string): Promise<string> {
  try {
    return await readFile(file === '-' ? '/dev/stdin' : file, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CausewayError('CW_MASTER_KEY_MISSING', `${file} cannot be read: ${why}`, { cause });
  }
}

function stateText({ dataKey, dataKeySince, secrets, masterKeys }: KeyState): string {
  const day = (at: number): string => new Date(at).toISOString().slice(0, 10);
  return table([
    ['KEY', 'SINCE', ''],
    [dataKey, day(dataKeySince), `seals ${secrets} secrets`],
    ...masterKeys.map(({ id, since, inUse }) => [id, day(since), inUse ? 'master key of this PoP' : 'master key']),
  ]);
}

function nextStep({ do: did }: KeyRequest, { masterKeys }: KeyState): string {
  const old = masterKeys.find(({ inUse }) => inUse)?.id ?? '';
  if (did !== 'add' || masterKeys.length < 2) return '';
  return (
    '\n\nNow let every PoP of this store start with the new master key (masterKey in its configuration, or its file),' +
    `\nthen: causeway rotate-keys --remove-master ${old}`
  );
}
