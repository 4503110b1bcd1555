import type { TimeWindow } from '@causeway/contract';
import { allStrings, packStrings, stringAt, type PackedStrings } from './packed-strings.ts';
import type { RuleFacts, RuleVerdict } from './rule-facts.ts';

/**
 * Facts of rules as bytes, which a worker reads in place:
 *
 *     0        4            8
 *     +--------+------------+---------------------+-------------------------------------------+
 *     | "CWRF" | sections n | n × uint32: lengths | the sections, each at a multiple of 4     |
 *     +--------+------------+---------------------+-------------------------------------------+
 *
 *     0 head: JSON, a `Head`                  4, 5 destinations: ends, text
 *     1 rules: uint32, bit 0 allows,          6 apps: uint8, asks for the destination
 *       above it the notice's number + 1      7, 8 edges of ports: uint32, TCP and UDP
 *     2, 3 names: ends, text                  9, 10 notices: ends, text
 *
 * Little-endian. The bytes are ours from end to end and carried under their hash, so only their frame is checked.
 */
const MAGIC = 0x46525743;
const SECTIONS = 11;
const HEAD_BYTES = 8 + 4 * SECTIONS;

interface Head {
  readonly times: readonly (readonly TimeWindow[])[];
  readonly asksForSource: boolean;
  readonly graces: readonly (readonly [string, number])[];
}

export function packFacts(facts: RuleFacts): Uint8Array<ArrayBuffer> {
  const verdicts: RuleVerdict[] = [];
  for (let i = 0; i < facts.count; i++) verdicts.push(facts.verdict(i) ?? { name: '', action: 'block' });
  const notices = new Map<string, number>();
  const rules = Uint32Array.from(verdicts, ({ action, notice }) => {
    if (notice !== undefined && !notices.has(notice)) notices.set(notice, notices.size);
    const number = notice === undefined ? 0 : (notices.get(notice) ?? 0) + 1;
    return (number << 1) | (action === 'allow' ? 1 : 0);
  });
  const head: Head = { times: facts.times, asksForSource: facts.asksForSource, graces: [...facts.graces] };
  const names = packStrings(verdicts.map(({ name }) => name));
  const destinations = packStrings([...facts.destinations]);
  const texts = packStrings([...notices.keys()]);
  return joined([
    Buffer.from(JSON.stringify(head), 'utf8'),
    bytesOf(rules),
    bytesOf(names.ends),
    names.text,
    bytesOf(destinations.ends),
    destinations.text,
    facts.asksForDestination,
    bytesOf(Uint32Array.from(facts.portEdges.tcp)),
    bytesOf(Uint32Array.from(facts.portEdges.udp)),
    bytesOf(texts.ends),
    texts.text,
  ]);
}

/**
 * @param bytes kept, and read from as long as the facts are used
 * @throws TypeError where they are none
 */
export function unpackFacts(bytes: Uint8Array<ArrayBuffer>): RuleFacts {
  const section = sectionsOf(bytes);
  const numbers = (index: number): Uint32Array => {
    const { buffer, byteOffset, byteLength } = section(index);
    return new Uint32Array(buffer, byteOffset, byteLength / 4);
  };
  const strings = (index: number): PackedStrings => ({ ends: numbers(index), text: section(index + 1) });
  const { times, asksForSource, graces } = JSON.parse(new TextDecoder().decode(section(0))) as Head;
  const rules = numbers(1);
  const names = strings(2);
  const destinations = strings(4);
  const notices = strings(9);
  return {
    count: rules.length,
    verdict: (rule) => {
      const packed = rules[rule];
      if (packed === undefined) return undefined;
      const notice = packed >>> 1 === 0 ? undefined : stringAt(notices, (packed >>> 1) - 1);
      const name = stringAt(names, rule) ?? '';
      return { name, action: (packed & 1) === 1 ? 'allow' : 'block', ...(notice === undefined ? {} : { notice }) };
    },
    times,
    asksForSource,
    graces: new Map(graces),
    asksForDestination: section(6),
    portEdges: { tcp: numbers(7), udp: numbers(8) },
    destinations: { [Symbol.iterator]: () => allStrings(destinations) },
  };
}

function joined(sections: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sections.reduce((sum, { length }) => sum + aligned(length), HEAD_BYTES));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, SECTIONS, true);
  let at = HEAD_BYTES;
  for (const [i, section] of sections.entries()) {
    view.setUint32(8 + 4 * i, section.length, true);
    bytes.set(section, at);
    at += aligned(section.length);
  }
  return bytes;
}

function sectionsOf(bytes: Uint8Array<ArrayBuffer>): (index: number) => Uint8Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const framed = bytes.length >= HEAD_BYTES && bytes.byteOffset % 4 === 0;
  if (!framed || view.getUint32(0, true) !== MAGIC || view.getUint32(4, true) !== SECTIONS) {
    throw new TypeError('these are no facts of rules');
  }
  const sections: Uint8Array<ArrayBuffer>[] = [];
  let at = HEAD_BYTES;
  for (let i = 0; i < SECTIONS; i++) {
    const length = view.getUint32(8 + 4 * i, true);
    if (at + length > bytes.length) throw new TypeError('facts of rules are cut short');
    sections.push(bytes.subarray(at, at + length));
    at += aligned(length);
  }
  return (index) => sections[index] ?? bytes.subarray(0, 0);
}

function aligned(length: number): number {
  return (length + 3) & ~3;
}

function bytesOf({ buffer, byteOffset, byteLength }: Uint32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
