import { ERRORS } from '@causeway/contract';
import { CORE_ERRORS } from '@causeway/wasm-core';
import { describe, expect, test } from 'vitest';
import { isGenerated, isTest, isTypeScript, readSource, repositoryFiles } from './source-files.ts';

interface Row {
  readonly code: string;
  readonly status: string;
  readonly retryable: string;
  readonly meaning: string;
}

/** Rows `| code | status | retryable | meaning |` of a Markdown document; other tables and the heads are passed over. */
function rowsOf(markdown: string): Row[] {
  return markdown.split('\n').flatMap((line) => {
    const cells = line.split('|').map((cell) => cell.trim());
    const code = /^`?(CW_[A-Z0-9_]+)`?$/.exec(cells[1] ?? '')?.[1];
    return code === undefined
      ? []
      : [{ code, status: cells[2] ?? '', retryable: cells[3] ?? '', meaning: cells[4] ?? '' }];
  });
}

const documented = rowsOf(readSource('docs/errors.md'));

describe('one registry of error codes', () => {
  test('each code is documented once', () => {
    const codes = documented.map((row) => row.code);
    expect(codes.toSorted()).toEqual([...new Set(codes)].toSorted());
    expect(codes.toSorted()).toEqual([...Object.keys(ERRORS), ...Object.keys(CORE_ERRORS)].toSorted());
  });

  test.each(Object.entries(ERRORS))('docs and type agree on %s', (code, entry) => {
    const row = documented.find((one) => one.code === code);
    expect(row).toMatchObject({
      status: String(entry.status),
      retryable: entry.retryable ? 'yes' : 'no',
      meaning: entry.text,
    });
  });

  test('every code that the sources name is in the registry', () => {
    const known = new Set([...Object.keys(ERRORS), ...Object.keys(CORE_ERRORS)]);
    const unknown = repositoryFiles()
      .filter((file) => isTypeScript(file) && !isTest(file) && !isGenerated(file) && !file.startsWith('test/'))
      .flatMap((file) =>
        [...readSource(file).matchAll(/['"`](CW_[A-Z0-9_]*[A-Z0-9])['"`]/g)]
          .filter((match) => !known.has(match[1] ?? ''))
          .map((match) => `${file}: ${match[1]}`),
      );
    expect(unknown).toEqual([]);
  });
});
