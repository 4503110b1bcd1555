import { appendFileSync, createReadStream, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import type { EventRecord } from '../rpc/messages.ts';

const MAX_BYTES = 64 * 1024 * 1024;
const REPLAY_BATCH = 500;

/**
 * Events that could not be delivered, one JSON per line. Writing is synchronous on purpose: it happens only while
 * control is away, in batches, and what is written survives the end of this process.
 */
export class EventSpill {
  readonly #file: string;
  readonly #maxBytes: number;
  #bytes: number;
  #replaying = false;

  constructor(file: string, maxBytes = MAX_BYTES) {
    this.#file = file;
    this.#maxBytes = maxBytes;
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    this.#bytes = sizeOf(file);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @returns how many found no place */
  append(events: readonly EventRecord[]): number {
    const lines: string[] = [];
    let dropped = 0;
    for (const event of events) {
      const line = `${JSON.stringify(event)}\n`;
      const size = Buffer.byteLength(line);
      if (this.#bytes + size > this.#maxBytes) dropped++;
      else {
        this.#bytes += size;
        lines.push(line);
      }
    }
    try {
      if (lines.length > 0) appendFileSync(this.#file, lines.join(''), { mode: 0o600 });
    } catch {
      return events.length; // a full disk: they are counted as lost
    }
    return dropped;
  }

  /**
   * Delivers what is there, oldest first, and forgets it once all was taken. The file is moved aside first, so that
   * what spills meanwhile is kept apart. A delivery that fails leaves the rest for the next time; some may then be
   * delivered twice, none is lost.
   */
  async replay(deliver: (events: readonly EventRecord[]) => Promise<void>): Promise<void> {
    if (this.#replaying) return;
    this.#replaying = true;
    const aside = `${this.#file}.replay`;
    try {
      if (sizeOf(aside) === 0) {
        if (sizeOf(this.#file) === 0) return;
        renameSync(this.#file, aside);
        this.#bytes = 0;
      }
      let batch: EventRecord[] = [];
      for await (const line of createInterface({ input: createReadStream(aside, 'utf8') })) {
        const event = parseLine(line);
        if (event !== null) batch.push(event);
        if (batch.length < REPLAY_BATCH) continue;
        await deliver(batch);
        batch = [];
      }
      if (batch.length > 0) await deliver(batch);
      rmSync(aside, { force: true });
    } finally {
      this.#replaying = false;
    }
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** A line that a crash cut off is no event. */
function parseLine(line: string): EventRecord | null {
  try {
    return JSON.parse(line) as EventRecord;
  } catch {
    return null;
  }
}
