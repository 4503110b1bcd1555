import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { CausewayError } from '@causeway/contract';
import { takeBackup } from '../control/backup/take-backup.ts';
import { storeFile } from '../control/data-dir.ts';
import { DATA_AND_JSON, parse } from './arguments.ts';
import { EXIT, say } from './output.ts';
import { STORE_OPTIONS, storePlace } from './store-place.ts';

/**
 * The store into a file. It is read by this process and not by the PoP, which has better things to do: both databases
 * let it see one moment while others write.
 */
export async function backup(args: string[]): Promise<number> {
  const { values, positionals } = parse(args, {
    ...DATA_AND_JSON,
    ...STORE_OPTIONS,
    'without-events': { type: 'boolean', default: false },
  });
  const [word] = positionals;
  if (word === undefined || positionals.length > 1)
    throw new CausewayError('CW_USAGE', 'backup takes the file to write');
  const file = resolve(word);
  if (existsSync(file)) throw new CausewayError('CW_USAGE', `${file} is there already; a backup overwrites nothing`);
  const { data, url } = await storePlace(values);
  if (url === null && !existsSync(storeFile(data))) {
    throw new CausewayError(
      'CW_USAGE',
      `there is no store in ${data}; --data says where it is, --config or --store where PostgreSQL has it`,
    );
  }
  const { header, rows } = await takeBackup(url === null ? { file: storeFile(data) } : { url }, file, {
    withoutEvents: values['without-events'],
    now: Date.now(),
  });
  const { size } = await stat(file);
  if (values.json) say(JSON.stringify({ file, bytes: size, ...header, rows }));
  else {
    const count = Object.values(rows).reduce((sum, n) => sum + n, 0);
    say(
      `${file}: ${count} rows, ${size} bytes\n` +
        `to open it: master key ${header.masterKeys.join(' or ')}, which is not in it`,
    );
  }
  return EXIT.ok;
}
