import { expect, it } from 'vitest';
import { outcomeText } from './outcome-text.ts';

it('outcomeText shows every difference and counts what stays', () => {
  const text = outcomeText(
    [
      { kind: 'apps', name: 'wiki', outcome: 'created', diff: [] },
      {
        kind: 'apps',
        name: 'mail',
        outcome: 'updated',
        diff: [
          { path: 'hosts', after: 'm.example' },
          { path: 'hosts', before: 'n.example' },
          { path: 'description', before: 'a\u001b[2J', after: '' },
        ],
      },
      { kind: 'rules', name: 'one', outcome: 'moved', diff: [{ path: '(order)', before: 1, after: 2 }] },
      { kind: 'tags', name: 'old', outcome: 'deleted', diff: [] },
      { kind: 'tags', name: 'same', outcome: 'unchanged', diff: [] },
    ],
    (kind, name) => ({ name, ports: [kind] }),
  );
  expect(text.split('\n')).toEqual([
    '+ apps/wiki',
    '    ports: ["apps"]',
    '~ apps/mail',
    '    hosts: + "m.example"',
    '    hosts: - "n.example"',
    '    description: "a\\u001b[2J" → ""',
    '> rules/one',
    '    (order): 1 → 2',
    '- tags/old',
    '1 created, 1 updated, 1 moved, 1 deleted, 1 unchanged',
  ]);
  expect(outcomeText([])).toBe('nothing differs');
});
