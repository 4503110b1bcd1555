import { resolve } from 'node:path';
import { CausewayError } from '@causeway/contract';
import { loadConfigWithWarnings } from '../config/load.ts';
import { DATA_AND_JSON, dataDir, parse } from './arguments.ts';
import { askPop } from './admin-client.ts';
import { EXIT, say } from './output.ts';

export async function config(args: string[]): Promise<number> {
  const { values, positionals } = parse(args, { ...DATA_AND_JSON, strict: { type: 'boolean', default: false } });
  const [what, file] = positionals;
  if (what === 'validate' && file !== undefined) {
    const { config: loaded, warnings: other, neverDeciding } = await loadConfigWithWarnings(resolve(file));
    const warnings = [...other, ...neverDeciding().warnings];
    const valid = !values.strict || warnings.length === 0;
    const counts = { apps: loaded.apps.length, rules: loaded.rules.length, publishers: loaded.publishers.length };
    if (values.json) say(JSON.stringify({ valid, ...counts, warnings }));
    else {
      for (const warning of warnings) say(`warning: ${warning}`);
      const sum = `${counts.apps} app(s), ${counts.rules} rule(s), ${counts.publishers} publisher(s)`;
      say(`${file} is ${valid ? 'valid' : 'not valid, as warnings count with --strict'}: ${sum}`);
    }
    return valid ? EXIT.ok : EXIT.config;
  }
  if (what === 'reload' && file === undefined) {
    const { number } = await askPop(dataDir(values.data), 'admin.reload', null);
    say(values.json ? JSON.stringify({ number }) : `configuration ${number} is in force`);
    return EXIT.ok;
  }
  throw new CausewayError('CW_USAGE', 'config validate FILE [--strict], or config reload');
}
