import { CausewayError, LIMITS } from '@causeway/contract';

/**
 * The first look at a SAML response: one pass over its characters that builds nothing. Whatever a response of an
 * honest identity provider never holds is refused here, so that the XML libraries behind it see only plain elements,
 * attributes and text, few enough of them to be cheap (60,000 empty elements cost the library a minute).
 *
 * Linear in the length of the text; every refusal is `CW_SAML_SHAPE`, `CW_SAML_TOO_LARGE` or `CW_SAML_ALGORITHM`.
 */
export const SCAN_LIMITS = { elements: 4_000, depth: 24, attributes: 32, nameLength: 128 } as const;

/** XML Signature and XML Encryption algorithms that may be named anywhere in a response. SHA-1 and HMAC are not. */
export const ALGORITHMS = {
  signature: new Set([
    'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512',
    'http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1',
  ]),
  digest: new Set(['http://www.w3.org/2001/04/xmlenc#sha256', 'http://www.w3.org/2001/04/xmlenc#sha512']),
  canonicalization: new Set(['http://www.w3.org/2001/10/xml-exc-c14n#']),
  transform: new Set([
    'http://www.w3.org/2000/09/xmldsig#enveloped-signature',
    'http://www.w3.org/2001/10/xml-exc-c14n#',
  ]),
} as const;

const ALLOWED = new Set(Object.values(ALGORITHMS).flatMap((set) => [...set]));
const ENTITIES = ['amp;', 'lt;', 'gt;', 'quot;', 'apos;'];

const refuse = (what: string): never => {
  throw new CausewayError('CW_SAML_SHAPE', what);
};

const isSpace = (c: number): boolean => c === 0x20 || c === 0x0a || c === 0x09 || c === 0x0d;

/** ASCII names with at most one colon; SAML needs no others. */
function isNameChar(c: number): boolean {
  return (
    (c >= 0x61 && c <= 0x7a) ||
    (c >= 0x41 && c <= 0x5a) ||
    (c >= 0x30 && c <= 0x39) ||
    c === 0x3a ||
    c === 0x5f ||
    c === 0x2d ||
    c === 0x2e
  );
}

const localName = (name: string): string => name.slice(name.indexOf(':') + 1);

class Scanner {
  readonly #text: string;
  #at = 0;
  #elements = 0;
  #assertions = 0;
  #encrypted = 0;
  readonly #open: string[] = [];
  readonly #ids = new Set<string>();

  constructor(text: string) {
    this.#text = text;
  }

  run(): { assertions: number; encrypted: number } {
    this.#declaration();
    while (this.#at < this.#text.length) {
      const c = this.#text.charCodeAt(this.#at);
      if (c === 0x3c) this.#tag();
      else if (this.#open.length === 0 && !isSpace(c)) refuse('text outside the root element');
      else this.#character();
    }
    if (this.#open.length > 0) refuse('an element is not closed');
    if (this.#elements === 0) refuse('no element');
    return { assertions: this.#assertions, encrypted: this.#encrypted };
  }

  /** `<?xml …?>`, only at the very beginning. */
  #declaration(): void {
    if (!this.#text.startsWith('<?xml ')) return;
    const end = this.#text.indexOf('?>');
    if (end < 0 || end > 200) refuse('the XML declaration does not end');
    this.#at = end + 2;
  }

  #tag(): void {
    const next = this.#text.charCodeAt(this.#at + 1);
    if (next === 0x21) refuse('a comment, CDATA section or DTD');
    if (next === 0x3f) refuse('a processing instruction');
    if (next === 0x2f) this.#endTag();
    else this.#startTag();
  }

  #startTag(): void {
    this.#at += 1;
    const name = this.#name();
    if (this.#open.length === 0 && this.#elements > 0) refuse('a second root element');
    this.#elements += 1;
    if (this.#elements > SCAN_LIMITS.elements) refuse(`more than ${SCAN_LIMITS.elements} elements`);
    const local = localName(name);
    if (this.#elements === 1 && local !== 'Response') refuse('the root element is no Response');
    if (local === 'Assertion') this.#assertions += 1;
    if (local === 'EncryptedAssertion') this.#encrypted += 1;
    const names = new Set<string>();
    for (;;) {
      const spaced = this.#spaces();
      const c = this.#text.charCodeAt(this.#at);
      if (c === 0x3e) {
        this.#at += 1;
        this.#open.push(name);
        if (this.#open.length > SCAN_LIMITS.depth) refuse(`deeper than ${SCAN_LIMITS.depth} elements`);
        return;
      }
      if (c === 0x2f && this.#text.charCodeAt(this.#at + 1) === 0x3e) {
        this.#at += 2;
        return;
      }
      if (!spaced) refuse('no space before an attribute');
      this.#attribute(names);
    }
  }

  #attribute(names: Set<string>): void {
    const name = this.#name();
    if (names.has(name)) refuse('an attribute stands twice');
    names.add(name);
    if (names.size > SCAN_LIMITS.attributes) refuse(`more than ${SCAN_LIMITS.attributes} attributes`);
    this.#spaces();
    if (this.#text.charCodeAt(this.#at) !== 0x3d) refuse('an attribute without a value');
    this.#at += 1;
    this.#spaces();
    const quote = this.#text.charCodeAt(this.#at);
    if (quote !== 0x22 && quote !== 0x27) refuse('an attribute without quotes');
    this.#at += 1;
    const from = this.#at;
    while (this.#at < this.#text.length && this.#text.charCodeAt(this.#at) !== quote) {
      if (this.#text.charCodeAt(this.#at) === 0x3c) refuse('< inside an attribute');
      this.#character();
    }
    if (this.#at >= this.#text.length) refuse('an attribute does not end');
    const value = this.#text.slice(from, this.#at);
    this.#at += 1;
    const local = localName(name);
    if (local === 'Algorithm' && !ALLOWED.has(value)) {
      throw new CausewayError('CW_SAML_ALGORITHM', `algorithm …${value.slice(-40)} is not allowed`);
    }
    if (local.toLowerCase() === 'id') {
      if (this.#ids.has(value)) refuse('an ID stands twice');
      this.#ids.add(value);
    }
  }

  #endTag(): void {
    this.#at += 2;
    const name = this.#name();
    this.#spaces();
    if (this.#text.charCodeAt(this.#at) !== 0x3e) refuse('an end tag does not end');
    this.#at += 1;
    if (this.#open.pop() !== name) refuse('an end tag closes another element');
  }

  /** One character of text or of an attribute's value. */
  #character(): void {
    const c = this.#text.charCodeAt(this.#at);
    if (c < 0x20 && !isSpace(c)) refuse('a control character');
    if (c === 0x26) this.#reference();
    this.#at += 1;
  }

  /** The five predefined entities and character references; without a DTD there are no others. */
  #reference(): void {
    const from = this.#at + 1;
    if (ENTITIES.some((entity) => this.#text.startsWith(entity, from))) return;
    const end = this.#text.indexOf(';', from);
    if (end < 0 || end - from > 8 || this.#text.charCodeAt(from) !== 0x23) refuse('an undefined entity');
    const digits = this.#text.slice(from + 1, end);
    const code = digits.startsWith('x') ? Number(`0${digits}`) : Number(digits === '' ? 'none' : digits);
    const character = Number.isInteger(code) && (code >= 0x20 || isSpace(code)) && code <= 0x10_ffff;
    if (!character || (code >= 0xd800 && code <= 0xdfff)) refuse('a reference to no character');
  }

  #name(): string {
    const from = this.#at;
    while (isNameChar(this.#text.charCodeAt(this.#at))) this.#at += 1;
    const name = this.#text.slice(from, this.#at);
    if (name === '' || name.length > SCAN_LIMITS.nameLength || name.indexOf(':') !== name.lastIndexOf(':')) {
      refuse('a name that is none');
    }
    return name;
  }

  #spaces(): boolean {
    const from = this.#at;
    while (isSpace(this.#text.charCodeAt(this.#at))) this.#at += 1;
    return this.#at > from;
  }
}

/** Throws unless `xml` is one plain `Response` with exactly one assertion that is not encrypted. */
export function prescan(xml: string): void {
  if (xml.length > LIMITS.samlResponseBytes) throw new CausewayError('CW_SAML_TOO_LARGE');
  const found = new Scanner(xml).run();
  // Our metadata names no encryption key, so an honest provider does not encrypt for us.
  if (found.encrypted > 0) refuse('an encrypted assertion, for which no key was published');
  if (found.assertions > 1) refuse('more than one assertion');
}

/** The XML text of the form field; throws `CW_SAML_SHAPE` unless it is base64 of UTF-8. */
export function decodeResponse(field: string): string {
  const compact = field.replaceAll('\r', '').replaceAll('\n', '').replaceAll(' ', '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(compact)) refuse('the SAMLResponse field is not base64');
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(compact, 'base64'));
  } catch (cause) {
    throw new CausewayError('CW_SAML_SHAPE', 'the SAMLResponse field is not UTF-8', { cause });
  }
}
