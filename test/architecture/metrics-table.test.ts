import { expect, test } from 'vitest';
import { isTest, isTypeScript, readSource, repositoryFiles } from './source-files.ts';

/** A metric as code makes it: the name, then its help, as an object's properties or a function's arguments. */
const MADE = /'?(causeway_\w+)'?(?:,\s*(?:help:)?|:\s*\{\s*help:)\s*'([^']+)'/g;
/** A row of the table in docs/metrics.md. */
const ROW = /^\| `(causeway_\w+)(?:\{[\w,]+\})?`\s+\| (.+?)\s+\|$/gm;

test('the table of metrics has those that the code makes, each with its help', () => {
  const sources = repositoryFiles().filter(
    (file) => /^(?:proxy|publisher)\/src\//.test(file) && isTypeScript(file) && !isTest(file),
  );
  const made = sources.flatMap((file) => [...readSource(file).matchAll(MADE)].map(([, name, help]) => [name, help]));
  expect(made.length).toBeGreaterThan(20);
  const rows = [...readSource('docs/metrics.md').matchAll(ROW)].map(([, name, help]) => [name, help]);
  const sorted = (pairs: typeof made): string[] => pairs.map((pair) => pair.join(': ')).toSorted();
  expect(sorted(rows)).toEqual(sorted(made));
});

test('no metric is made in a way that the table’s test does not see', () => {
  const named = /'(causeway_[a-z_]+)'|\b(causeway_[a-z_]+):/g;
  for (const file of repositoryFiles()) {
    if (!/^(?:proxy|publisher)\/src\/.*metrics\.ts$/.test(file) && !/\/(?:supervisor|edge-worker)\.ts$/.test(file))
      continue;
    const text = readSource(file);
    const seen = new Set([...text.matchAll(MADE)].map(([, name]) => name));
    const all = [...text.matchAll(named)].map(([, quoted, key]) => quoted ?? key);
    expect([file, all.filter((name) => !seen.has(name))]).toEqual([file, []]);
  }
});
