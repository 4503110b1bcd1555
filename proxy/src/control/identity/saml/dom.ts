import { DOMParser, type Element } from '@xmldom/xmldom';
import { CausewayError } from '@causeway/contract';

/** Reading of SAML documents by namespace, never by prefix or position. */
export const NS = {
  assertion: 'urn:oasis:names:tc:SAML:2.0:assertion',
  protocol: 'urn:oasis:names:tc:SAML:2.0:protocol',
  metadata: 'urn:oasis:names:tc:SAML:2.0:metadata',
  signature: 'http://www.w3.org/2000/09/xmldsig#',
} as const;

export type { Element };

/** The document's root; throws `CW_SAML_SHAPE` on anything that the parser so much as warns about. */
export function parseXml(text: string): Element {
  try {
    const parser = new DOMParser({
      locator: false,
      onError: (level, message) => {
        throw new Error(`${level}: ${message}`);
      },
    });
    const root = parser.parseFromString(text, 'text/xml').documentElement;
    if (root !== null) return root;
  } catch (cause) {
    throw new CausewayError('CW_SAML_SHAPE', 'the document is not well-formed XML', { cause });
  }
  throw new CausewayError('CW_SAML_SHAPE', 'the document has no root element');
}

export function is(element: Element, namespace: string, name: string): boolean {
  return element.namespaceURI === namespace && element.localName === name;
}

/** Child elements of that name, in order. */
export function children(parent: Element, namespace: string, name: string): Element[] {
  return elements(parent).filter((element) => is(element, namespace, name));
}

/** The one child of that name; throws `CW_SAML_SHAPE` when there are several, `null` when there is none. */
export function child(parent: Element, namespace: string, name: string): Element | null {
  const found = children(parent, namespace, name);
  if (found.length > 1) throw new CausewayError('CW_SAML_SHAPE', `more than one ${name} in ${parent.localName ?? ''}`);
  return found[0] ?? null;
}

export function elements(parent: Element): Element[] {
  const found: Element[] = [];
  for (let node = parent.firstChild; node !== null; node = node.nextSibling) {
    if (node.nodeType === 1) found.push(node as Element);
  }
  return found;
}

/** The text of an element that holds nothing but text, without space around it; `null` otherwise. */
export function textOf(element: Element | null): string | null {
  if (element === null) return null;
  let text = '';
  for (let node = element.firstChild; node !== null; node = node.nextSibling) {
    if (node.nodeType !== 3) return null;
    text += node.nodeValue ?? '';
  }
  return text.trim();
}

/** Every element below `root`, itself included, in document order. Iterative, so depth costs no stack. */
export function* walk(root: Element): Generator<Element> {
  const stack = [root];
  for (let element = stack.pop(); element !== undefined; element = stack.pop()) {
    yield element;
    stack.push(...elements(element).toReversed());
  }
}
