import { CausewayError } from '@causeway/contract';
import { expect, it } from 'vitest';
import { errorReport } from './error-report.ts';

const problems = [
  { kind: 'apps', name: 'wiki', path: 'ports[0]', message: 'is no port (a.yaml:3:9)' },
  { kind: 'rules', name: 'all', path: '', message: 'goes nowhere\u001b[2J' },
  { path: 'comment', message: 'is too long' },
];
const refused = new CausewayError('CW_INPUT_INVALID', 'three things', { problems });

it('errorReport lists every problem, without what a terminal would obey', () => {
  expect(errorReport(refused, { json: false, hint: 'look' }).split('\n')).toEqual([
    'causeway: CW_INPUT_INVALID: three things',
    '  apps/wiki ports[0]: is no port (a.yaml:3:9)',
    '  rules/all: goes nowhere·[2J',
    '  comment: is too long',
    '  → look',
    '',
  ]);
});

it('errorReport is JSON for programs', () => {
  const error = { code: 'CW_INPUT_INVALID', message: 'three things', problems };
  expect(JSON.parse(errorReport(refused, { json: true, hint: null }))).toEqual({ error });
  const fault = { code: 'CW_INTERNAL', message: 'odd', problems: [] };
  expect(JSON.parse(errorReport(new Error('odd'), { json: true, hint: 'look' }))).toEqual({
    error: { ...fault, hint: 'look' },
  });
});
