import { CausewayError, type AssignedApp, type PrivateApp, type Principal } from '@causeway/contract';
import { AppIndex } from '../../policy/app-index.ts';
import { appsOfPublisher, SteeredApps } from '../../policy/assigned-apps.ts';
import { unpackFacts } from '../../policy/packed-facts.ts';
import { Policy } from '../../policy/policy.ts';
import type { Steps } from '../../policy/steps.ts';
import type { EdgeKind, EdgeObjects, SnapshotManifest } from '../../rpc/snapshot.ts';

export type LoadedObjects = { readonly [K in EdgeKind]: readonly EdgeObjects[K][] };

/** Everything that a manifest names. */
export interface LoadedSnapshot {
  readonly manifest: SnapshotManifest;
  readonly objects: LoadedObjects;
  /** wasm-core policy image. */
  readonly image: Uint8Array;
  /** What the rules mean beside it, packed. */
  readonly facts: Uint8Array<ArrayBuffer>;
}

/**
 * One published configuration, ready for use: built whole beside the one in force and then swapped in by one
 * assignment, so that no request sees half of each.
 */
export class ActiveSnapshot {
  readonly source: SnapshotManifest;
  readonly objects: LoadedObjects;
  readonly index: AppIndex;
  readonly policy: Policy;

  readonly #steered: SteeredApps;
  /** Of rules that have one of their own. */
  readonly #graces: ReadonlyMap<string, number>;

  private constructor(
    source: LoadedSnapshot,
    index: AppIndex,
    policy: Policy,
    steered: SteeredApps,
    graces: ReadonlyMap<string, number>,
  ) {
    this.source = source.manifest;
    this.objects = source.objects;
    this.index = index;
    this.policy = policy;
    this.#steered = steered;
    this.#graces = graces;
  }

  /** @param now milliseconds since 1970. Throws `CW_SNAPSHOT_REFUSED`; the snapshot in force then stays. */
  static *building(source: LoadedSnapshot, now: number): Steps<ActiveSnapshot> {
    const { apps } = source.objects;
    const { number, timeZone } = source.manifest;
    try {
      const facts = unpackFacts(source.facts);
      const index = yield* AppIndex.building(apps);
      const steered = yield* SteeredApps.building(apps, facts);
      yield;
      const policy = yield* Policy.building({ image: source.image, facts, apps, timeZone }, now);
      return new ActiveSnapshot(source, index, policy, steered, facts.graces);
    } catch (cause) {
      throw new CausewayError('CW_SNAPSHOT_REFUSED', `snapshot ${number}`, { cause });
    }
  }

  get apps(): readonly PrivateApp[] {
    return this.objects.apps;
  }

  /** Whether it was made from the same: the number is that of the objects, beside which the deployment may change. */
  isOf(source: SnapshotManifest): boolean {
    return JSON.stringify(this.source) === JSON.stringify(source);
  }

  /** How long what this rule allows goes on while nobody can say whether it still holds, in milliseconds. */
  graceOf(rule: string | null): number {
    return (rule === null ? undefined : this.#graces.get(rule)) ?? this.source.graceMs;
  }

  /** What a publisher of this name serves. */
  assignedTo(publisher: string): AssignedApp[] {
    return appsOfPublisher(this.apps, publisher);
  }

  /**
   * What this person's device sends here: what the person may open, and what a rule blocks with a notice, because the
   * notice is ours to give. Only TCP travels in a tunnel's streams.
   *
   * @param address the device's, as it dialled us
   * @param now milliseconds since 1970
   */
  steeredTo(principal: Principal, address: string, now: number): AssignedApp[] {
    const session = this.policy.open(principal, address);
    try {
      return this.#steered.of((app, target, protocol) => {
        if (protocol !== 'tcp') return false;
        const verdict = this.policy.decide(session, app, target, now);
        return verdict.action === 'allow' || verdict.notify !== undefined;
      });
    } finally {
      this.policy.close(session);
    }
  }
}
