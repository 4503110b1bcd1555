import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endAll } from './end-all.ts';
import { awaitGone } from './leftovers.ts';
import { processesBelow } from './process-tree.ts';
import { Program, ROOT } from './program.ts';

/** A fenced block of a document: commands, commands for a terminal of their own, or lines that the ones before print. */
interface Block {
  readonly kind: 'sh' | 'terminal' | 'text';
  readonly text: string;
}

/** What a terminal of its own shows when the next command can be typed. */
export type Readiness = (program: Program) => Promise<unknown>;

/**
 * A document whose commands are followed as they stand, in one shell that remembers what was set, so that the document
 * cannot rot. What it says of a place that tests do not have (ports, paths) is replaced first.
 *
 *     ```sh            typed into the first terminal
 *     ```sh terminal   typed into one of its own, where it goes on running
 *     ```text          each line is somewhere in what the commands before printed; … is anything
 */
export class Guide {
  readonly #sections: ReadonlyMap<string, readonly Block[]>;
  readonly #scripts: string;
  readonly #shell: Program;
  readonly #terminals: Program[] = [];
  readonly #folder: string;
  #typed = 0;

  /** @param folder an empty one, where the first command is typed @param work where further terminals begin */
  constructor(options: {
    readonly file: string;
    readonly folder: string;
    readonly work: string;
    readonly replaced: Readonly<Record<string, string>>;
  }) {
    const { file, folder, work, replaced } = options;
    this.#sections = sectionsOf(replaceAll(readFileSync(ROOT + file, 'utf8'), replaced));
    this.#folder = join(folder, work);
    this.#scripts = join(folder, 'typed');
    mkdirSync(this.#scripts);
    this.#shell = new Program({
      name: file,
      command: 'bash',
      args: ['--noprofile', '--norc'],
      cwd: folder,
      keyboard: true,
    });
    this.#shell.type('set -eo pipefail');
  }

  /** What the programs in terminals of their own said last. */
  tail(): string {
    return this.#terminals.map((terminal) => terminal.tail()).join('');
  }

  /** @param ready for each terminal of its own, by the first word @param part of the section's `sh` blocks, where not all */
  async follow(
    heading: string,
    ready: Readonly<Record<string, Readiness>> = {},
    part?: readonly number[],
  ): Promise<void> {
    const blocks = this.#sections.get(heading);
    if (blocks === undefined) throw new Error(`no section "${heading}" among ${[...this.#sections.keys()].join(', ')}`);
    let number = -1;
    let printed = '';
    for (const { kind, text } of blocks) {
      if (kind !== 'text') number += 1;
      if (part !== undefined && !part.includes(number)) continue;
      if (kind === 'sh') printed = await this.type(text);
      else if (kind === 'terminal') await this.#open(text, ready);
      else expectLines(text, printed, heading);
    }
  }

  /** Into the first terminal; gives all that is printed, and fails where a command does. */
  async type(commands: string): Promise<string> {
    const number = (this.#typed += 1);
    const script = join(this.#scripts, `${number}.sh`);
    writeFileSync(script, commands);
    const [out, err] = [this.#shell.stdout.length, this.#shell.stderr.length];
    const mark = `typed ${number}`;
    this.#shell.type(`. '${script}' < /dev/null; echo; echo '${mark}'; echo '${mark}' >&2`);
    await this.#shell.line(commands, () => (this.#shell.stdout.at(-1) === mark ? true : undefined));
    await this.#shell.line(commands, () => (this.#shell.stderr.at(-1) === mark ? true : undefined));
    return [...this.#shell.stdout.slice(out, -1), ...this.#shell.stderr.slice(err, -1)].join('\n');
  }

  async #open(command: string, ready: Readonly<Record<string, Readiness>>): Promise<void> {
    const program = new Program({
      name: command,
      command: 'bash',
      args: ['--noprofile', '--norc', '-c', `. ./env.sh && exec ${command}`],
      cwd: this.#folder,
    });
    this.#terminals.push(program);
    await ready[command.split(' ')[0] ?? '']?.(program);
  }

  /** Ends every terminal, the last one first. */
  async close(): Promise<void> {
    const programs = [...this.#terminals.toReversed(), this.#shell];
    await endAll(
      ...programs.map((program) => async () => {
        const below = processesBelow(program.pid);
        if (program === this.#shell && program.exit === null) program.type('exit');
        else await program.stop(30_000);
        await program.exited;
        await awaitGone(below);
      }),
    );
  }
}

function replaceAll(text: string, replaced: Readonly<Record<string, string>>): string {
  const words = Object.keys(replaced);
  for (const word of words) if (!text.includes(word)) throw new Error(`the document does not have ${word} any more`);
  const pattern = words.map((word) => word.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`)).join('|');
  return text.replaceAll(new RegExp(pattern, 'g'), (word) => replaced[word] ?? word);
}

/** Blocks that are indented belong to lists and are for later reading. */
function sectionsOf(text: string): Map<string, Block[]> {
  const sections = new Map<string, Block[]>();
  for (const part of text.split(/^## /m).slice(1)) {
    const heading = part.slice(0, part.indexOf('\n')).replace(/^\d+\. /, '');
    const fenced = [...part.matchAll(/^```(sh terminal|sh|text)\n(.*?)^```$/gms)];
    const blocks = fenced.map(([, language, content = '']): Block => {
      const kind = language === 'sh terminal' ? 'terminal' : language === 'text' ? 'text' : 'sh';
      return { kind, text: content.trim() };
    });
    sections.set(heading, blocks);
  }
  return sections;
}

function expectLines(expected: string, printed: string, heading: string): void {
  for (const line of expected.split('\n')) {
    const pattern = line
      .trim()
      .split(/\s*…\s*/)
      .map((part) =>
        part
          .split(/\s+/)
          .map(escaped)
          .join(String.raw`\s+`),
      );
    if (new RegExp(pattern.join('.*')).test(printed)) continue;
    throw new Error(`"${heading}": the document promises "${line}", but this was printed:\n${printed}`);
  }
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
}
