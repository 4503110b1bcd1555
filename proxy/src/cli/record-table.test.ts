import { expect, it } from 'vitest';
import { RECORD_KINDS } from './record-kinds.ts';
import { fieldOf, recordTable } from './record-table.ts';

it('shows times, lists and what is not there, without what a terminal would obey', () => {
  const items = [
    { id: 'a', subject: { kind: 'user', name: 'ada' }, seenAt: 0, groups: ['x', 'y'], active: true },
    {
      id: 'b',
      subject: { kind: 'user', name: '\u001b[2J' },
      seenAt: null,
      groups: [],
      active: false,
      note: 'n'.repeat(99),
    },
  ];
  const columns = ['id', 'subject.name', 'seenAt', 'groups', 'active', 'note'];
  expect(recordTable({ columns }, items).split('\n')).toEqual([
    'ID  SUBJECT NAME  SEEN AT               GROUPS  ACTIVE  NOTE',
    'a   ada           1970-01-01T00:00:00Z  x,y     yes     -',
    `b   ·[2J          -                     -       no      ${'n'.repeat(59)}…`,
  ]);
  expect(fieldOf({ a: 1 }, 'a.b')).toBeUndefined();
});

it('every kind shows what names one', () => {
  for (const kind of Object.values(RECORD_KINDS)) expect(kind.columns).toContain(kind.names[0]);
});
