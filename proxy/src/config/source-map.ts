import { isMap, isScalar, LineCounter, parseAllDocuments, parseDocument, type Document } from 'yaml';

const SYNTAX = { prettyErrors: false, version: '1.2' } as const;

/** A parsed YAML text that knows where each of its values stands. */
export class YamlSource {
  readonly value: unknown;
  /** What is wrong with the text as YAML; `value` is `undefined` then. */
  readonly errors: readonly { readonly line: number; readonly column: number; readonly message: string }[];
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;

  constructor(text: string, part?: { readonly document: Document.Parsed; readonly lines: LineCounter }) {
    this.#lines = part?.lines ?? new LineCounter();
    this.#document = part?.document ?? parseDocument(text, { lineCounter: this.#lines, ...SYNTAX });
    const errors = this.#document.errors.map((error) => ({ ...this.#at(error.pos[0]), message: error.message }));
    let value: unknown;
    if (errors.length === 0) {
      try {
        value = this.#document.toJS({ maxAliasCount: 100 });
      } catch (error) {
        errors.push({ line: 1, column: 1, message: error instanceof Error ? error.message : String(error) });
      }
    }
    this.value = value;
    this.errors = errors;
  }

  /** Every document of a text, between lines of `---`; those without content are left out. */
  static documents(text: string): YamlSource[] {
    const lines = new LineCounter();
    const documents: readonly Document.Parsed[] = parseAllDocuments(text, { lineCounter: lines, ...SYNTAX });
    return documents
      .map((document) => new YamlSource(text, { document, lines }))
      .filter(({ value, errors }) => errors.length > 0 || (value !== null && value !== undefined));
  }

  /** Where the value at `path` begins, or the nearest thing around it that is there. */
  locate(path: readonly PropertyKey[]): { line: number; column: number } {
    for (let depth = path.length; depth > 0; depth--) {
      const node = this.#document.getIn(path.slice(0, depth), true);
      const start = rangeStart(node);
      if (start !== null) return this.#at(start);
    }
    return this.#at(rangeStart(this.#document.contents) ?? 0);
  }

  /** Where the key itself stands in the map at `path`. */
  locateKey(path: readonly PropertyKey[], key: string): { line: number; column: number } {
    const map = path.length === 0 ? this.#document.contents : this.#document.getIn(path, true);
    if (isMap(map)) {
      for (const pair of map.items) {
        if (isScalar(pair.key) && String(pair.key.value) === key) {
          const start = rangeStart(pair.key);
          if (start !== null) return this.#at(start);
        }
      }
    }
    return this.locate(path);
  }

  #at(offset: number): { line: number; column: number } {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }
}

function rangeStart(node: unknown): number | null {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range)) return null;
  const [start] = node.range as unknown[];
  return typeof start === 'number' ? start : null;
}
