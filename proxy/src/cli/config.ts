import { resolve } from 'node:path';
import { CausewayError } from '@causeway/contract';
import { loadConfig } from '../config/load.ts';
import { DATA_AND_JSON, dataDir, parse } from './arguments.ts';
import { askPop } from './admin-client.ts';
import { EXIT, say } from './output.ts';

export async function config(args: string[]): Promise<number> {
  const { values, positionals } = parse(args, DATA_AND_JSON);
  const [what, file] = positionals;
  if (what === 'validate' && file !== undefined) {
    const loaded = await loadConfig(resolve(file));
    const counts = { apps: loaded.apps.length, rules: loaded.rules.length, publishers: loaded.publishers.length };
    say(
      values.json
        ? JSON.stringify({ valid: true, ...counts })
        : `${file} is valid: ${counts.apps} app(s), ${counts.rules} rule(s), ${counts.publishers} publisher(s)`,
    );
    return EXIT.ok;
  }
  if (what === 'reload' && file === undefined) {
    const { number } = await askPop(dataDir(values.data), 'admin.reload', null);
    say(values.json ? JSON.stringify({ number }) : `configuration ${number} is in force`);
    return EXIT.ok;
  }
  throw new CausewayError('CW_USAGE', 'config validate FILE, or config reload');
}
