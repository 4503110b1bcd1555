import type { Comparison, Filter, FilterValue, PatchPath } from './filter.ts';
import { invalid, type ScimType } from './scim-error.ts';

/**
 * Filters and paths, by recursive descent over tokens that each take one step through the text:
 *
 *     or      = and *( "or" and )
 *     and     = term *( "and" term )
 *     term    = [ "not" ] "(" or ")" / path ( "pr" / op value / "[" or "]" [ "." sub ( "pr" / op value ) ] )
 */
const MAX_LENGTH = 4_096;
const MAX_DEPTH = 12;
const MAX_TERMS = 64;

const COMPARISONS: ReadonlySet<string> = new Set(['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le']);

/** @throws ScimError `invalidFilter` */
export function parseFilter(text: string): Filter {
  const parser = new Parser(text, 'invalidFilter');
  const filter = parser.or();
  parser.end();
  return filter;
}

/** @throws ScimError `invalidPath` */
export function parsePath(text: string): PatchPath {
  const parser = new Parser(text, 'invalidPath');
  const path = parser.patchPath();
  parser.end();
  return path;
}

type Token =
  | { readonly t: 'word'; readonly text: string }
  | { readonly t: 'string'; readonly value: string }
  | { readonly t: '(' | ')' | '[' | ']' | 'end' };

class Parser {
  readonly #text: string;
  readonly #error: ScimType;
  #at = 0;
  #depth = 0;
  #terms = 0;
  #token: Token;

  constructor(text: string, error: ScimType) {
    this.#text = text;
    this.#error = error;
    if (text.length > MAX_LENGTH) throw invalid(error, `longer than ${MAX_LENGTH} characters`);
    this.#token = this.#scan();
  }

  end(): void {
    if (this.#token.t !== 'end') throw this.#wrong('it should end here');
  }

  or(): Filter {
    let left = this.#and();
    while (this.#takeWord('or')) left = { t: 'or', left, right: this.#and() };
    return left;
  }

  patchPath(): PatchPath {
    const path = this.#path();
    if (this.#token.t !== '[') return { path, filter: null, sub: null };
    const filter = this.#bracketed();
    return { path, filter, sub: this.#sub() };
  }

  #and(): Filter {
    let left = this.#term();
    while (this.#takeWord('and')) left = { t: 'and', left, right: this.#term() };
    return left;
  }

  #term(): Filter {
    if (++this.#terms > MAX_TERMS) throw this.#wrong(`more than ${MAX_TERMS} terms`);
    if (this.#token.t === '(') return this.#grouped();
    if (this.#isWord('not') && this.#text[this.#skipped()] === '(') {
      this.#next();
      return { t: 'not', filter: this.#grouped() };
    }
    const path = this.#path();
    if (this.#token.t !== '[') return this.#test(path);
    const filter = this.#bracketed();
    const sub = this.#sub();
    // Not of the RFC, but Entra ID sends it: the same value must meet both.
    const inner: Filter = sub === null ? filter : { t: 'and', left: filter, right: this.#test(sub) };
    return { t: 'values', path, filter: inner };
  }

  #grouped(): Filter {
    return this.#enclosed(')');
  }

  #bracketed(): Filter {
    return this.#enclosed(']');
  }

  #enclosed(closing: ')' | ']'): Filter {
    if (++this.#depth > MAX_DEPTH) throw this.#wrong(`nested more than ${MAX_DEPTH} deep`);
    this.#next();
    const filter = this.or();
    if (this.#token.t !== closing) throw this.#wrong(`"${closing}" is missing`);
    this.#next();
    this.#depth--;
    return filter;
  }

  #test(path: string): Filter {
    const token = this.#token;
    const word = token.t === 'word' ? token.text.toLowerCase() : '';
    if (word === 'pr') {
      this.#next();
      return { t: 'present', path };
    }
    if (!COMPARISONS.has(word)) throw this.#wrong('an operator is missing');
    this.#next();
    return { t: 'compare', path, op: word as Comparison, value: this.#value() };
  }

  #value(): FilterValue {
    const token = this.#token;
    this.#next();
    if (token.t === 'string') return token.value;
    if (token.t !== 'word') throw this.#wrong('a value is missing');
    switch (token.text.toLowerCase()) {
      case 'true':
        return true;
      case 'false':
        return false;
      case 'null':
        return null;
      default: {
        if (!/^-?\d{1,15}(?:\.\d{1,15})?$/.test(token.text)) throw this.#wrong('a value must be quoted');
        return Number(token.text);
      }
    }
  }

  #path(): string {
    const token = this.#token;
    if (token.t !== 'word' || !/^[A-Za-z$][\w$.:-]*$/.test(token.text)) throw this.#wrong('an attribute is missing');
    this.#next();
    return token.text;
  }

  /** After a bracket, without a space: `.value`. */
  #sub(): string | null {
    const token = this.#token;
    if (token.t !== 'word' || !token.text.startsWith('.')) return null;
    const sub = token.text.slice(1);
    if (!/^[A-Za-z$][\w$-]*$/.test(sub)) throw this.#wrong('an attribute is missing');
    this.#next();
    return sub;
  }

  #isWord(text: string): boolean {
    return this.#token.t === 'word' && this.#token.text.toLowerCase() === text;
  }

  #takeWord(text: string): boolean {
    if (!this.#isWord(text)) return false;
    this.#next();
    return true;
  }

  #next(): void {
    this.#token = this.#scan();
  }

  #skipped(): number {
    let at = this.#at;
    while (this.#text[at] === ' ') at++;
    return at;
  }

  #scan(): Token {
    this.#at = this.#skipped();
    const start = this.#at;
    const char = this.#text[start];
    switch (char) {
      case undefined:
        return { t: 'end' };
      case '(':
      case ')':
      case '[':
      case ']':
        this.#at++;
        return { t: char };
      case '"':
        return { t: 'string', value: this.#quoted(start) };
      default: {
        while (this.#at < this.#text.length && !' ()[]"'.includes(this.#text[this.#at] ?? ' ')) this.#at++;
        return { t: 'word', text: this.#text.slice(start, this.#at) };
      }
    }
  }

  /** A JSON string (RFC 8259 §7), with its escapes. */
  #quoted(start: number): string {
    let at = start + 1;
    while (at < this.#text.length && this.#text[at] !== '"') at += this.#text[at] === '\\' ? 2 : 1;
    this.#at = at + 1;
    let value: unknown;
    try {
      value = JSON.parse(this.#text.slice(start, this.#at));
    } catch {
      throw this.#wrong('a quoted value is none');
    }
    if (typeof value !== 'string' || value.includes('\0')) throw this.#wrong('a quoted value is none');
    return value.toWellFormed();
  }

  #wrong(detail: string): Error {
    return invalid(this.#error, `at character ${this.#at + 1}: ${detail}`);
  }
}
