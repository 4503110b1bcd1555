import { readFileSync, writeFileSync } from 'node:fs';
import { ERRORS } from '@causeway/contract';
import { CORE_ERRORS } from '@causeway/wasm-core';

/** Writes `docs/errors.md` from the registries; `--check` only compares. */
const file = new URL('../docs/errors.md', import.meta.url);

interface Row {
  readonly status?: number;
  readonly retryable: boolean;
  readonly text: string;
}

function rows(registry: Readonly<Record<string, Row>>): string {
  return Object.entries(registry)
    .map(
      ([code, { status, retryable, text }]) =>
        `| \`${code}\` | ${status ?? ''} | ${retryable ? 'yes' : 'no'} | ${text} |`,
    )
    .join('\n');
}

const text = `# Errors

Every error that leaves a process has one of these codes: in the log, on the page (with the decision's id), in an API's
answer, on the wire. *Status* is the HTTP status where one ends a request; *retryable* means that the same may work
later without anybody changing anything.

| code | status | retryable | meaning |
| --- | --- | --- | --- |
${rows(ERRORS)}

## wasm-core

| code | status | retryable | meaning |
| --- | --- | --- | --- |
${rows(CORE_ERRORS)}
`;

if (!process.argv.includes('--check')) writeFileSync(file, text);
else if (readFileSync(file, 'utf8') !== text) {
  console.error('docs/errors.md is stale: node scripts/write-error-docs.ts');
  process.exitCode = 1;
}
