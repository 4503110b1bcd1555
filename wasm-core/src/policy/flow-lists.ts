import { CoreError } from '../errors.ts';
import { POLICY_PROTOCOL_TCP, POLICY_PROTOCOL_UDP } from '../layout.gen.ts';
import { parseDestination } from './destination.ts';
import type { AddressRange } from './destination.ts';
import { MAX_TIME_LISTS } from './image-layout.ts';
import { NameLists, PrefixLists } from './key-lists.ts';
import type { PolicyRuleInput } from './policy-input.ts';
import { weekSpans } from './time-window.ts';
import type { MinuteSpan } from './time-window.ts';

/** Entries of all lists in a row; equal lists are kept once. Lists are numbered from 1. */
export class Lists<Entry> {
  readonly entries: Entry[] = [];
  readonly lists: { first: number; count: number }[] = [];
  readonly #known = new Map<string, number>();

  /** @param name equal for equal lists */
  add(name: string, list: () => readonly Entry[]): number {
    let number = this.#known.get(name);
    if (number === undefined) {
      const made = list();
      this.lists.push({ first: this.entries.length, count: made.length });
      for (const entry of made) this.entries.push(entry);
      number = this.lists.length;
      this.#known.set(name, number);
    }
    return number;
  }
}

export interface PortRange {
  readonly from: number;
  readonly to: number;
  readonly protocols: number;
}

/** Of one rule: a single range stands in the rule itself, more of them in a list; 0 for none. */
export interface RulePorts {
  readonly inline: PortRange;
  readonly list: number;
}

const ANY_PORT: RulePorts = {
  inline: { from: 0, to: 65_535, protocols: POLICY_PROTOCOL_TCP | POLICY_PROTOCOL_UDP },
  list: 0,
};
const NO_PORT: PortRange = { from: 0, to: 0, protocols: 0 };

export class PortLists extends Lists<PortRange> {
  addPorts(ports: PolicyRuleInput['ports']): RulePorts {
    if (ports === undefined) return ANY_PORT;
    const ranges = ports.map(readPorts);
    const [only = NO_PORT] = ranges;
    if (ranges.length <= 1) return { inline: only, list: 0 };
    const name = ranges.map(({ from, to, protocols }) => `${from}-${to}/${protocols}`).join();
    return { inline: NO_PORT, list: this.add(name, () => ranges) };
  }
}

function readPorts({ protocol, from, to }: NonNullable<PolicyRuleInput['ports']>[number]): PortRange {
  if (protocol !== 'tcp' && protocol !== 'udp') throw new CoreError('CW_CORE_POLICY', 'a protocol is tcp or udp');
  const valid = Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from <= to && to <= 65_535;
  if (!valid) throw new CoreError('CW_CORE_POLICY', `ports ${from} to ${to} are not a range within 0 to 65535`);
  return { from, to, protocols: protocol === 'tcp' ? POLICY_PROTOCOL_TCP : POLICY_PROTOCOL_UDP };
}

export class TimeLists extends Lists<MinuteSpan> {
  readonly #texts = new Map<string, number>();

  /** Equal times are read once. */
  addTimes(times: PolicyRuleInput['times']): number {
    if (times === undefined) return 0;
    const text = JSON.stringify(times);
    let number = this.#texts.get(text);
    if (number === undefined) {
      const spans = weekSpans(times);
      number = this.add(spans.map(({ from, to }) => `${from}-${to}`).join(), () => spans);
      if (number > MAX_TIME_LISTS) throw new CoreError('CW_CORE_POLICY', `more than ${MAX_TIME_LISTS} lists of times`);
      this.#texts.set(text, number);
    }
    return number;
  }
}

/** Per name and per prefix the lists that it is in. */
export class DestinationLists {
  readonly names = new NameLists();
  readonly prefixes = new PrefixLists();
  readonly #known = new Map<string, number>();
  /** Per text its name, or its range. */
  readonly #texts = new Map<string, string | AddressRange>();

  addDestinations(destinations: PolicyRuleInput['destinations']): number {
    if (destinations === undefined) return 0;
    // No entry contains a line break.
    const name = `${destinations.length} ${destinations.join('\n')}`;
    let number = this.#known.get(name);
    if (number === undefined) {
      const list = this.#known.size;
      for (const text of destinations) {
        const entry = this.#entryOf(text);
        if (typeof entry === 'string') this.names.add(entry, list);
        else this.prefixes.add(text, () => entry, list);
      }
      number = list + 1;
      this.#known.set(name, number);
    }
    return number;
  }

  #entryOf(text: string): string | AddressRange {
    let entry = this.#texts.get(text);
    if (entry === undefined) {
      const destination = parseDestination(text);
      if (destination.kind === 'range') entry = destination.range;
      else entry = destination.kind === 'name' ? destination.name : `*.${destination.suffix}`;
      this.#texts.set(text, entry);
    }
    return entry;
  }

  get size(): number {
    return this.#known.size;
  }
}
