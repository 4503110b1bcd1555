import { instantiateCore } from '../core-instance.ts';
import type { CoreExports } from '../core-instance.ts';
import { CoreError } from '../errors.ts';
import {
  POLICY_ACTIVITY_ACCESS,
  POLICY_FLOW_ACTIVITY,
  POLICY_FLOW_PROTOCOL,
  POLICY_PROTOCOL_TCP,
  POLICY_PROTOCOL_UDP,
  POLICY_TABLE_BYTES,
} from '../layout.gen.ts';
import { parseAddress } from '../lpm/address.ts';
import { ACTIVITY_BITS } from './compile-policy.ts';
import { DestinationClasses } from './destination-classes.ts';
import { SOURCE_AXIS, readLayout } from './image-layout.ts';
import type { ImageLayout } from './image-layout.ts';
import { readNames } from './image-names.ts';
import { POLICY_CONDITIONS } from './policy-input.ts';
import type { PolicyFlow, PolicyProbe, PolicyProtocol, PolicyReason, PolicySubject } from './policy-input.ts';
import { PrefixKeys } from './prefix-keys.ts';
import { NOT_ASKED, mostKeys, writeNames } from './subject-keys.ts';
import type { AxisNames } from './subject-keys.ts';
import { zoneTime } from './time-window.ts';
import { writeTable } from './image-table.ts';

const MAX_SESSIONS = 1_048_576;
const BATCH = 4096;
const NO_MEMORY = 2;
const TCP = POLICY_PROTOCOL_TCP << POLICY_FLOW_PROTOCOL;
const UDP = POLICY_PROTOCOL_UDP << POLICY_FLOW_PROTOCOL;
const ACCESS = POLICY_ACTIVITY_ACCESS << POLICY_FLOW_ACTIVITY;

/** Where a source is parsed to; used within one call only. */
const words = new Uint32Array(4);

/** One principal's rules inside one matcher. Opaque: made by `open`, ended by `close`. */
export class PolicySession {
  /** @internal */ readonly owner: object;
  /** @internal The slot in the owner's memory; 0 once closed. */
  slot: number;

  constructor(owner: object, slot: number) {
    this.owner = owner;
    this.slot = slot;
  }
}

/**
 * Decides by a compiled policy in a WebAssembly instance of its own. A session is opened once per principal and costs
 * one bit per rule (16 bytes at least); a decision walks only the rules of one app and those for every app.
 */
export class PolicyMatcher {
  /** Names in the order of their indexes. */
  readonly apps: readonly string[];
  readonly #core: CoreExports;
  /** Per axis: the sets of its names; `null` where no rule has a condition there. */
  readonly #axes: readonly AxisNames[];
  readonly #sources: PrefixKeys;
  readonly #firstSource: number;
  readonly #asksForSource: boolean;
  readonly #destinationPrefixes: PrefixKeys;
  readonly #destinations: DestinationClasses;
  /** Which conditions each rule has. */
  readonly #conditions: Uint16Array;
  /** `BATCH` × 8 bytes through which probes are passed; never shared with what WASM keeps. */
  readonly #scratch: number;
  /** Where keys are passed: a view that growing detaches, of a block that is exchanged for a larger one where needed. */
  #keys = new Uint32Array(0);
  #keysAt = 0;
  #keysRoom = 0;
  readonly #decide: CoreExports['decide'];
  readonly #appCount: number;
  readonly #maxSessions: number;
  #sessions = 0;

  /**
   * @param image of `compilePolicy`; copied. Throws `CW_CORE_IMAGE`, or `CW_CORE_MEMORY`
   * @param options.maxSessions how many sessions may be open at once (default 1,048,576)
   */
  constructor(image: Uint8Array, options: { readonly maxSessions?: number } = {}) {
    const layout = readLayout(image);
    const names = readNames(image, layout);
    this.apps = Object.freeze(names.apps.names());
    this.#maxSessions = options.maxSessions ?? MAX_SESSIONS;
    const core = instantiateCore();
    this.#core = core;
    this.#decide = core.decide;
    this.#appCount = this.apps.length;
    this.#scratch = load(core, image, layout);
    const free = core.policyFreeAxes();
    this.#axes = names.axes.map((index, axis) =>
      (free >> axis) & 1 ? null : { names: index, firstSet: layout.firstKeys[axis] ?? 0 },
    );
    this.#asksForSource = ((free >> SOURCE_AXIS) & 1) === 0;
    this.#firstSource = layout.firstKeys[SOURCE_AXIS] ?? 0;
    this.#sources = new PrefixKeys(image.subarray(layout.sourcesAt, layout.destinationPrefixesAt));
    this.#destinationPrefixes = new PrefixKeys(image.subarray(layout.destinationPrefixesAt, layout.endsAt));
    this.#destinations = new DestinationClasses(
      core,
      layout.destinationLists,
      names.destinations,
      this.#destinationPrefixes,
    );
    // Uint16Array is little-endian wherever engines run today, but must begin at an even address.
    const conditions = Uint8Array.from(image.subarray(layout.conditionsAt, layout.conditionsAt + 2 * layout.rules));
    this.#conditions = new Uint16Array(conditions.buffer);
  }

  /**
   * Throws `CW_CORE_SESSIONS` when the bound on sessions, or on the memory for them, is reached, `CW_CORE_ARGUMENT` on an
   * unknown method or an organisational unit that is too deep, `CW_CORE_ADDRESS` on a source that is no address.
   */
  open(subject: PolicySubject): PolicySession {
    if (subject.method !== 'browser' && subject.method !== 'agent') {
      throw new CoreError('CW_CORE_ARGUMENT', 'unknown method');
    }
    const keys = this.#roomFor(mostKeys(subject));
    const at = writeNames(keys, this.#axes, subject);
    this.#writeSource(keys, at, subject.source);
    if (this.#sessions >= this.#maxSessions) throw new CoreError('CW_CORE_SESSIONS');
    const slot = this.#core.sessionOpen(keys.byteOffset) >>> 0;
    if (slot === 0) throw new CoreError('CW_CORE_SESSIONS', 'no memory for another policy session');
    this.#sessions++;
    return new PolicySession(this, slot);
  }

  #writeSource(keys: Uint32Array, at: number, source: string | undefined): void {
    if (source !== undefined && !parseAddress(source, words)) {
      throw new CoreError('CW_CORE_ADDRESS', `not an IP address: ${JSON.stringify(source.slice(0, 60))}`);
    }
    if (!this.#asksForSource) {
      keys[at] = NOT_ASKED;
      return;
    }
    const prefixes = source === undefined ? [] : this.#sources.covering(words);
    keys[at] = prefixes.length;
    for (const [i, prefix] of prefixes.entries()) keys[at + 1 + i] = this.#firstSource + prefix;
  }

  /** The block for keys in the module's memory, `count` u32 at least. Throws `CW_CORE_SESSIONS` */
  #roomFor(count: number): Uint32Array {
    // A view that growing has detached is empty.
    if (this.#keys.length >= count) return this.#keys;
    if (this.#keysRoom < count) {
      const room = Math.max(2 * this.#keysRoom, count);
      const at = this.#core.reserve(4 * room) >>> 0;
      if (at === 0) throw new CoreError('CW_CORE_SESSIONS', 'no memory for so many names');
      this.#keysAt = at;
      this.#keysRoom = room;
    }
    this.#keys = new Uint32Array(this.#core.memory.buffer, this.#keysAt, this.#keysRoom);
    return this.#keys;
  }

  /**
   * The index of the first rule that matches, -1 where none does. Without `flow` it is an access at an unknown time to
   * an unknown destination: rules that ask for those do not match. Throws `CW_CORE_SESSION`, or `CW_CORE_ARGUMENT` on an
   * app, protocol, port, activity, time or destination that does not exist.
   */
  decide(session: PolicySession, app: number, protocol: PolicyProtocol, port: number, flow?: PolicyFlow): number {
    const slot = this.#slotOf(session);
    const bits = this.#flowBits(app, protocol, port, flow?.activity);
    if (flow === undefined) return this.#decide(slot, app, bits, Number.NaN, 0);
    const { now, destination } = flow;
    const time = now === undefined ? Number.NaN : zoneTime(now, flow.utcOffset);
    return this.#decide(slot, app, bits, time, destination === undefined ? 0 : this.#destinations.find(destination));
  }

  /** The deciding rule of `decide` with the conditions that it has, all of which held; none for -1. */
  reason(rule: number): PolicyReason {
    const bits = this.#conditions[rule];
    if (rule !== -1 && bits === undefined) throw new CoreError('CW_CORE_ARGUMENT', `there is no rule ${rule}`);
    return { rule, conditions: POLICY_CONDITIONS.filter((_, bit) => (((bits ?? 0) >>> bit) & 1) === 1) };
  }

  /**
   * `decide` for many probes. Those in a row with the same time and destination (or none) cost one call into WebAssembly
   * per 4096 of them.
   */
  decideAll(session: PolicySession, probes: readonly PolicyProbe[]): Int32Array {
    const slot = this.#slotOf(session);
    const results = new Int32Array(probes.length);
    const scratch = new Int32Array(this.#core.memory.buffer, this.#scratch, BATCH * 2);
    for (let from = 0; from < probes.length;) {
      const first = probes[from];
      let count = 0;
      for (; count < BATCH && from + count < probes.length; count++) {
        const probe = probes[from + count];
        if (probe === undefined || first === undefined) throw new CoreError('CW_CORE_ARGUMENT', 'a probe is missing');
        if (!isSameFlow(probe, first)) break;
        const { app, protocol, port, activity } = probe;
        scratch[2 * count] = app;
        scratch[2 * count + 1] = this.#flowBits(app, protocol, port, activity);
      }
      const time = first?.now === undefined ? Number.NaN : zoneTime(first.now, first.utcOffset);
      const destination = first?.destination === undefined ? 0 : this.#destinations.find(first.destination);
      this.#core.decideBatch(slot, this.#scratch, count, time, destination);
      for (let i = 0; i < count; i++) results[from + i] = scratch[2 * i] ?? -1;
      from += count;
    }
    return results;
  }

  /** Frees the session; again is nothing. Throws `CW_CORE_SESSION` on another matcher's session. */
  close(session: PolicySession): void {
    if (session.owner !== this) throw new CoreError('CW_CORE_SESSION', 'the policy session is of another matcher');
    if (session.slot === 0) return;
    this.#core.sessionClose(session.slot);
    session.slot = 0;
    this.#sessions--;
  }

  get openSessions(): number {
    return this.#sessions;
  }

  /** Linear memory of the instances; it grows and never shrinks. */
  get memoryBytes(): number {
    return this.#core.memory.buffer.byteLength + this.#sources.memoryBytes + this.#destinationPrefixes.memoryBytes;
  }

  /** A slot of another matcher (before a swap of snapshots) is a number that means other rules here. */
  #slotOf(session: PolicySession): number {
    if (session.owner !== this || session.slot === 0) throw new CoreError('CW_CORE_SESSION');
    return session.slot;
  }

  /** Of a flow that exists, as POLICY_FLOW says; throws `CW_CORE_ARGUMENT` on any other. */
  #flowBits(app: number, protocol: PolicyProtocol, port: number, activity: PolicyFlow['activity']): number {
    // Only whole numbers from 0 equal their 32 bits.
    if (app >>> 0 !== app || app >= this.#appCount) {
      throw new CoreError('CW_CORE_ARGUMENT', `there is no app ${app}`);
    }
    if (protocol !== 'tcp' && protocol !== 'udp') throw new CoreError('CW_CORE_ARGUMENT', 'unknown protocol');
    if ((port & 0xffff) !== port) throw new CoreError('CW_CORE_ARGUMENT', `there is no port ${port}`);
    return port | (protocol === 'tcp' ? TCP : UDP) | activityBits(activity);
  }
}

/** Copies what WebAssembly reads and takes it into use. @returns the address of a block of `BATCH` × 8 bytes */
function load(core: CoreExports, image: Uint8Array, layout: ImageLayout): number {
  const base = core.reserve(layout.conditionsAt) >>> 0;
  const scratch = core.reserve(Math.max(BATCH * 8, POLICY_TABLE_BYTES)) >>> 0;
  if (base === 0 || scratch === 0) throw new CoreError('CW_CORE_MEMORY');
  new Uint8Array(core.memory.buffer).set(image.subarray(0, layout.conditionsAt), base);
  writeTable(new DataView(core.memory.buffer, scratch, POLICY_TABLE_BYTES), layout);
  const result = core.policyLoad(base, scratch);
  if (result === NO_MEMORY) throw new CoreError('CW_CORE_MEMORY');
  if (result !== 0) throw new CoreError('CW_CORE_IMAGE', 'policy image: a number points outside its table');
  return scratch;
}

function activityBits(activity: PolicyFlow['activity']): number {
  if (activity === undefined) return ACCESS;
  if (!Object.hasOwn(ACTIVITY_BITS, activity)) throw new CoreError('CW_CORE_ARGUMENT', 'unknown activity');
  return ACTIVITY_BITS[activity] << POLICY_FLOW_ACTIVITY;
}

function isSameFlow(a: PolicyProbe, b: PolicyProbe): boolean {
  return a.destination === b.destination && a.now === b.now && a.utcOffset === b.utcOffset;
}
