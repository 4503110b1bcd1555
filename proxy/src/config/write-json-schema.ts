import { readFile, writeFile } from 'node:fs/promises';
import { configJsonSchema } from './json-schema.ts';

/** `node write-json-schema.ts [--check]`: writes `proxy/causeway.schema.json`, or fails where it is stale. */
const file = new URL('../../causeway.schema.json', import.meta.url);
const text = configJsonSchema();
if (!process.argv.includes('--check')) await writeFile(file, text);
else if ((await readFile(file, 'utf8').catch(() => '')) !== text) {
  process.stderr.write('proxy/causeway.schema.json is stale: run node proxy/src/config/write-json-schema.ts\n');
  process.exitCode = 1;
}
