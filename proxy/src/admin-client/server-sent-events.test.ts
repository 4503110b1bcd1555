import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ServerSentEvents, type ServerSentMessage } from './server-sent-events.ts';

const STREAM =
  'retry: 2000\nid: 5\n\n: following\n\nid: 6\ndata: {"a":1}\n\nevent: gap\r\ndata: x\r\ndata:y\r\nid: 9\r\n\r\n' +
  'event: nothing\n\ndata\n\nid: 10\n: still here\n\ndata: unfinished\n';
const MESSAGES = [
  { event: 'message', data: '{"a":1}' },
  { event: 'gap', data: 'x\ny' },
  { event: 'message', data: '' },
];

test('messages come out whole, wherever the text was cut', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 40 }), (cuts) => {
      const events = new ServerSentEvents();
      const found: ServerSentMessage[] = [];
      let at = 0;
      for (const cut of cuts) {
        found.push(...events.push(STREAM.slice(at, at + cut)));
        at += cut;
      }
      found.push(...events.push(STREAM.slice(at)));
      expect(found).toEqual(MESSAGES);
      expect(events.lastEventId).toBe('10');
    }),
    { numRuns: 200 },
  );
});

test('a line that never ends is given up', () => {
  const events = new ServerSentEvents();
  expect(() => {
    for (let i = 0; i < 20; i++) events.push('x'.repeat(100_000));
  }).toThrow('longer than');
});
