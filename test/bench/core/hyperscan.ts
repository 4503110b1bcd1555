import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface HyperscanRound {
  readonly nanoseconds: number;
  readonly matches: number;
}

/** The C driver, compiled for this run. */
export class Hyperscan {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Null, with the reason printed, where there is no compiler or no library (`libhyperscan-dev` in Debian). */
  static compile(): Hyperscan | null {
    const folder = mkdtempSync(join(tmpdir(), 'causeway-hyperscan-'));
    const source = fileURLToPath(new URL('hyperscan.c', import.meta.url));
    try {
      execFileSync('gcc', ['-O3', '-o', join(folder, 'hyperscan'), source, '-lhs'], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      return new Hyperscan(folder);
    } catch (error) {
      const reason = error instanceof Error ? error.message.split('\n').slice(0, 3).join(' ') : String(error);
      console.error(`Hyperscan is left out: ${reason}`);
      rmSync(folder, { recursive: true });
      return null;
    }
  }

  /** @param chunk bytes of the stream given at a time */
  run(literals: readonly string[], text: Uint8Array, rounds: number, chunk: number): HyperscanRound[] {
    const [list, input] = [join(this.#folder, 'literals'), join(this.#folder, 'text')];
    writeFileSync(list, literals.join('\n'));
    writeFileSync(input, text);
    const output = execFileSync(join(this.#folder, 'hyperscan'), [list, input, String(rounds), String(chunk)], {
      encoding: 'utf8',
    });
    return output
      .trim()
      .split('\n')
      .map((line) => {
        const [nanoseconds = 0, matches = 0] = line.split(' ').map(Number);
        return { nanoseconds, matches };
      });
  }

  close(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
