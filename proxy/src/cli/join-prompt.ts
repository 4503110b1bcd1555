import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { decodeJoinToken } from '@causeway/contract';
import { say } from './output.ts';

/** The first join token for a device among the lines of `input`; `null` when the input ends without one. */
export async function readJoinToken(input: Readable): Promise<string | null> {
  for await (const line of createInterface({ input })) {
    // People paste the whole command of the portal as often as the code alone.
    const word = line.split(/\s+/).find((part) => part.startsWith('cwjoin1.'));
    if (word === undefined) {
      if (line.trim() !== '') say('That is no code of "Connect a device".');
      continue;
    }
    try {
      if (decodeJoinToken(word).kind === 'device') return word;
      say('That code is for a publisher, not for a device.');
    } catch {
      say('That code is damaged; copy it again.');
    }
  }
  return null;
}
