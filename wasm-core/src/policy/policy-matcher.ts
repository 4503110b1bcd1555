import { instantiateCore } from '../core-instance.ts';
import type { CoreExports } from '../core-instance.ts';
import { CoreError } from '../errors.ts';
import { readLayout, readNames } from './image-layout.ts';
import type { PolicyProbe, PolicyProtocol, PolicySubject } from './policy-input.ts';

const MAX_SESSIONS = 1_048_576;
const BATCH = 4096;
const NO_MEMORY = 2;

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
  readonly #users: ReadonlyMap<string, number>;
  readonly #groups: ReadonlyMap<string, number>;
  /** `BATCH` × 8 bytes through which groups and probes are passed; never shared with what WASM keeps. */
  readonly #scratch: number;
  readonly #maxSessions: number;
  #sessions = 0;

  /**
   * @param image of `compilePolicy`; copied. Throws `CW_CORE_IMAGE`, or `CW_CORE_MEMORY`
   * @param options.maxSessions how many sessions may be open at once (default 1,048,576)
   */
  constructor(image: Uint8Array, options: { readonly maxSessions?: number } = {}) {
    const layout = readLayout(image);
    const names = readNames(image, layout);
    this.apps = Object.freeze(names.apps);
    this.#users = names.users;
    this.#groups = names.groups;
    this.#maxSessions = options.maxSessions ?? MAX_SESSIONS;
    this.#core = instantiateCore();
    const base = this.#core.reserve(layout.endsAt) >>> 0;
    this.#scratch = this.#core.reserve(BATCH * 8) >>> 0;
    if (base === 0 || this.#scratch === 0) throw new CoreError('CW_CORE_MEMORY');
    new Uint8Array(this.#core.memory.buffer).set(image.subarray(0, layout.endsAt), base);
    const result = this.#core.policyLoad(
      base,
      layout.rulesAt,
      layout.rangesAt,
      layout.setsAt,
      layout.payloadAt,
      layout.rules,
      layout.ranges,
      layout.users,
      layout.groups,
      layout.apps,
      layout.units,
    );
    if (result === NO_MEMORY) throw new CoreError('CW_CORE_MEMORY');
    if (result !== 0) throw new CoreError('CW_CORE_IMAGE', 'policy image: a number points outside its table');
  }

  /** Throws `CW_CORE_SESSIONS` when the bound on sessions, or on the memory for them, is reached. */
  open(subject: PolicySubject): PolicySession {
    const method = subject.method;
    if (method !== 'browser' && method !== 'agent') throw new CoreError('CW_CORE_ARGUMENT', 'unknown method');
    if (this.#sessions >= this.#maxSessions) throw new CoreError('CW_CORE_SESSIONS');
    const core = this.#core;
    const slot = core.sessionOpen() >>> 0;
    if (slot === 0) throw new CoreError('CW_CORE_SESSIONS', 'no memory for another policy session');
    // Only from here on: opening may have grown the memory, which detaches earlier views.
    const scratch = new Uint32Array(core.memory.buffer, this.#scratch, BATCH);
    let pending = 0;
    for (const group of subject.groups) {
      const index = this.#groups.get(group);
      if (index === undefined) continue;
      scratch[pending++] = index;
      if (pending === BATCH) {
        core.sessionGroups(slot, this.#scratch, pending);
        pending = 0;
      }
    }
    core.sessionGroups(slot, this.#scratch, pending);
    core.sessionSeal(slot, this.#users.get(subject.user) ?? -1, method === 'browser' ? 0 : 1);
    this.#sessions++;
    return new PolicySession(this, slot);
  }

  /**
   * The index of the first rule that matches, -1 where none does. Throws `CW_CORE_SESSION`, or `CW_CORE_ARGUMENT` on an
   * app, protocol or port that does not exist.
   */
  decide(session: PolicySession, app: number, protocol: PolicyProtocol, port: number): number {
    const slot = this.#slotOf(session);
    this.#checkProbe(app, protocol, port);
    return this.#core.decide(slot, app, port, protocol === 'tcp' ? 1 : 2);
  }

  /** `decide` for many probes, with one call into WebAssembly per 4096 of them. */
  decideAll(session: PolicySession, probes: readonly PolicyProbe[]): Int32Array {
    const slot = this.#slotOf(session);
    const results = new Int32Array(probes.length);
    const scratch = new Int32Array(this.#core.memory.buffer, this.#scratch, BATCH * 2);
    for (let from = 0; from < probes.length; from += BATCH) {
      const count = Math.min(BATCH, probes.length - from);
      for (let i = 0; i < count; i++) {
        const probe = probes[from + i];
        if (probe === undefined) throw new CoreError('CW_CORE_ARGUMENT', 'a probe is missing');
        const { app, protocol, port } = probe;
        this.#checkProbe(app, protocol, port);
        scratch[2 * i] = app;
        scratch[2 * i + 1] = port | ((protocol === 'tcp' ? 1 : 2) << 16);
      }
      this.#core.decideBatch(slot, this.#scratch, count);
      for (let i = 0; i < count; i++) results[from + i] = scratch[2 * i] ?? -1;
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

  /** Linear memory of the instance; it grows and never shrinks. */
  get memoryBytes(): number {
    return this.#core.memory.buffer.byteLength;
  }

  /** A slot of another matcher (before a swap of snapshots) is a number that means other rules here. */
  #slotOf(session: PolicySession): number {
    if (session.owner !== this || session.slot === 0) throw new CoreError('CW_CORE_SESSION');
    return session.slot;
  }

  #checkProbe(app: number, protocol: PolicyProtocol, port: number): void {
    if (!Number.isInteger(app) || app < 0 || app >= this.apps.length) {
      throw new CoreError('CW_CORE_ARGUMENT', `there is no app ${app}`);
    }
    if (protocol !== 'tcp' && protocol !== 'udp') throw new CoreError('CW_CORE_ARGUMENT', 'unknown protocol');
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      throw new CoreError('CW_CORE_ARGUMENT', `there is no port ${port}`);
    }
  }
}
