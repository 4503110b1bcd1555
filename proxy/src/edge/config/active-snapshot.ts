import { CausewayError, type AssignedApp, type PrivateApp, type Principal } from '@causeway/contract';
import { AppIndex } from '../../policy/app-index.ts';
import { appsOfPublisher, SteeredApps } from '../../policy/assigned-apps.ts';
import { Policy } from '../../policy/policy.ts';
import type { Snapshot } from '../../rpc/messages.ts';

/**
 * One published configuration, ready for use: built whole beside the one in force and then swapped in by one
 * assignment, so that no request sees half of each.
 */
export class ActiveSnapshot {
  readonly source: Snapshot;
  readonly apps: readonly PrivateApp[];
  readonly index: AppIndex;
  readonly policy: Policy;

  readonly #steered: SteeredApps;
  /** Of rules that have one of their own. */
  readonly #graces: ReadonlyMap<string, number>;

  /** @param now milliseconds since 1970. Throws `CW_SNAPSHOT_REFUSED`; the snapshot in force then stays. */
  constructor(source: Snapshot, now: number) {
    this.source = source;
    this.apps = source.apps;
    this.#graces = new Map(
      source.rules.flatMap(({ name, graceMinutes }) => (graceMinutes === undefined ? [] : [[name, graceMinutes * 60_000]])),
    );
    try {
      this.index = new AppIndex(source.apps);
      this.policy = new Policy({ ...source, image: Buffer.from(source.policyImage, 'base64') }, now);
      this.#steered = new SteeredApps(source);
    } catch (cause) {
      throw new CausewayError('CW_SNAPSHOT_REFUSED', `snapshot ${source.number}`, { cause });
    }
  }

  /** Whether it was made from the same: the number is that of the objects, beside which the deployment may change. */
  isOf(source: Snapshot): boolean {
    const { number, accessDomain, identityDomain, tunnelDomain, loginOrigin, publicPort, timeZone, graceMs } = this.source;
    return (
      number === source.number &&
      accessDomain === source.accessDomain &&
      identityDomain === source.identityDomain &&
      tunnelDomain === source.tunnelDomain &&
      loginOrigin === source.loginOrigin &&
      publicPort === source.publicPort &&
      timeZone === source.timeZone &&
      graceMs === source.graceMs
    );
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
