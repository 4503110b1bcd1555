import {
  POLICY_MORE_DESTINATIONS,
  POLICY_MORE_PORTS,
  POLICY_RULE_ACTIVITIES,
  POLICY_RULE_BYTES,
  POLICY_RULE_FROM,
  POLICY_RULE_MORE,
  POLICY_RULE_PROTOCOLS,
  POLICY_RULE_TIMES,
  POLICY_RULE_TO,
} from '../layout.gen.ts';
import type { RulePorts } from './flow-lists.ts';

/** The section of an image that has a record per rule, first in the order of the policy. */
export class RuleRecords {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(rules: number) {
    this.#bytes = new Uint8Array(POLICY_RULE_BYTES * rules);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** @param index of the rule in the policy */
  write(index: number, ports: RulePorts, activities: number, timeList: number, destinationList: number): void {
    const view = this.#view;
    const at = POLICY_RULE_BYTES * index;
    view.setUint16(at + POLICY_RULE_FROM, ports.inline.from, true);
    view.setUint16(at + POLICY_RULE_TO, ports.inline.to, true);
    view.setUint8(at + POLICY_RULE_PROTOCOLS, ports.inline.protocols);
    view.setUint8(at + POLICY_RULE_ACTIVITIES, activities);
    view.setUint16(at + POLICY_RULE_TIMES, timeList, true);
    // 64 bits in halves: the list of destinations lies across both.
    const low = index | (destinationList << POLICY_MORE_DESTINATIONS);
    const high = (destinationList >>> (32 - POLICY_MORE_DESTINATIONS)) | (ports.list << (POLICY_MORE_PORTS - 32));
    view.setUint32(at + POLICY_RULE_MORE, low, true);
    view.setUint32(at + POLICY_RULE_MORE + 4, high, true);
  }

  /** @param order per new number the rule's index */
  inOrder(order: Uint32Array): Uint8Array {
    const words = POLICY_RULE_BYTES / 4;
    const from = new Uint32Array(this.#bytes.buffer);
    const to = new Uint32Array(from.length);
    for (let number = 0; number < order.length; number++) {
      const at = words * (order[number] ?? 0);
      for (let word = 0; word < words; word++) to[words * number + word] = from[at + word] ?? 0;
    }
    return new Uint8Array(to.buffer);
  }
}
