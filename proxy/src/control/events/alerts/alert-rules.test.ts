import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ALERT_RULES, type AlertRule } from './alert-rules.ts';

test('docs/events.md has every rule, and says of it what the code says', () => {
  const text = readFileSync(new URL('../../../../../docs/events.md', import.meta.url), 'utf8');
  const section = text.slice(text.indexOf('## Alerts'), text.indexOf('## Incidents'));
  const rows = section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  const rules: [string, AlertRule][] = Object.entries(ALERT_RULES);
  expect(rows).toEqual(
    rules.map(([name, { severity, lasting, means }]) => [`\`${name}\``, severity, lasting ? 'yes' : '', means]),
  );
});
