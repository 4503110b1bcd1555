import { CausewayError, type AssignedApp, type PrivateApp, type Principal } from '@causeway/contract';
import { appsOfPrincipal, appsOfPublisher } from '../../policy/assigned-apps.ts';
import type { Snapshot } from '../../rpc/messages.ts';
import { AppIndex } from './app-index.ts';
import { Policy } from './policy.ts';

/**
 * One published configuration, ready for use: built whole beside the one in force and then swapped in by one
 * assignment, so that no request sees half of each.
 */
export class ActiveSnapshot {
  readonly source: Snapshot;
  readonly apps: readonly PrivateApp[];
  readonly index: AppIndex;
  readonly policy: Policy;

  /** Throws `CW_SNAPSHOT_REFUSED`; the snapshot in force then stays. */
  constructor(source: Snapshot) {
    this.source = source;
    this.apps = source.apps;
    try {
      this.index = new AppIndex(source.apps);
      this.policy = new Policy(
        Buffer.from(source.policyImage, 'base64'),
        source.rules,
        source.apps.map((app) => app.name),
      );
    } catch (cause) {
      throw new CausewayError('CW_SNAPSHOT_REFUSED', `snapshot ${source.number}`, { cause });
    }
  }

  /** What a publisher of this name serves. */
  assignedTo(publisher: string): AssignedApp[] {
    return appsOfPublisher(this.apps, publisher);
  }

  /**
   * What this person's device sends here: what the person may open, and what a rule blocks with a notice, because the
   * notice is ours to give. Only TCP travels in a tunnel's streams.
   */
  steeredTo(principal: Principal): AssignedApp[] {
    const session = this.policy.open(principal);
    const numbers = new Map(this.apps.map((app, number) => [app, number]));
    try {
      return appsOfPrincipal(this.source, (app, protocol, port) => {
        if (protocol !== 'tcp') return false;
        const verdict = this.policy.decide(session, numbers.get(app) ?? -1, port);
        return verdict.action === 'allow' || verdict.notify !== undefined;
      });
    } finally {
      this.policy.close(session);
    }
  }
}
