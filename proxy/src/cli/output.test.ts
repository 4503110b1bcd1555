import { expect, test } from 'vitest';
import { say } from './output.ts';

function written(text: string, isTTY: boolean): string {
  let all = '';
  say(text, { isTTY, write: (piece: string | Uint8Array) => ((all += String(piece)), true) });
  return all;
}

const HOSTILE = 'ada\u001b]0;x\u0007\r\u009b2J\u202egnp.exe';

test('what people, devices and apps call themselves does nothing to a terminal', () => {
  expect(written(HOSTILE, true)).toBe(String.raw`ada\u001b]0;x\u0007\u000d\u009b2J\u202egnp.exe` + '\n');
  expect(written('a\tb\nc', true)).toBe('a\tb\nc\n');
});

test('JSON on a terminal says the same as in a file', () => {
  const said = written(JSON.stringify({ user: HOSTILE }), true);
  expect(said).not.toMatch(/[\p{Cc}\p{Bidi_Control}]./u);
  expect(JSON.parse(said)).toEqual({ user: HOSTILE });
  expect(written(HOSTILE, false)).toBe(`${HOSTILE}\n`);
});
