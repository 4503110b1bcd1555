import { Readable } from 'node:stream';
import { encodeJoinToken, type JoinToken } from '@causeway/contract';
import { describe, expect, it } from 'vitest';
import { readJoinToken } from './join-prompt.ts';

const TOKEN: JoinToken = {
  kind: 'device',
  pop: '127.0.0.1:8443',
  tunnelDomain: 'tunnel.pop.example',
  ca: 'ab'.repeat(32),
  secret: 's'.repeat(43),
};
const device = encodeJoinToken(TOKEN);
const publisher = encodeJoinToken({ ...TOKEN, kind: 'publisher' });

describe('readJoinToken', () => {
  it.each([
    ['the code alone', `${device}\n`],
    ['the portal’s whole command', `npx causeway-agent up --local-proxy --join ${device}\n`],
    ['the code after other lines', `\nhello\n${publisher}\ncwjoin1.damaged\n${device}\n`],
  ])('takes %s', async (_name, text) => {
    expect(await readJoinToken(Readable.from([text]))).toBe(device);
  });

  it('gives nothing when the input ends', async () => {
    expect(await readJoinToken(Readable.from(['hello\n']))).toBeNull();
  });
});
