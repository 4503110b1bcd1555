import { readFileSync, writeFileSync } from 'node:fs';
import { openApiDocument } from './openapi-document.ts';

/** `docs/openapi.json`: written, or with `--check` compared with what would be. */
const file = new URL('../../../../docs/openapi.json', import.meta.url);
const text = `${JSON.stringify(openApiDocument(), null, 2)}\n`;

if (!process.argv.includes('--check')) writeFileSync(file, text);
else if (readFileSync(file, 'utf8') !== text) {
  process.stderr.write(
    'docs/openapi.json is not what the routes say; run: node proxy/src/control/admin/write-openapi.ts\n',
  );
  process.exitCode = 1;
}
