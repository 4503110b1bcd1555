import { CausewayError, type AssignedApp, type PrivateApp, type Principal } from '@causeway/contract';
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
    return this.apps.filter((app) => app.publishers.includes(publisher)).map(assigned);
  }

  /** What this person's device may open, as far as rules tell by an app's first port in each range. */
  steeredTo(principal: Principal): AssignedApp[] {
    const session = this.policy.open(principal);
    try {
      return this.apps
        .filter((app, number) =>
          firstPorts(app).some((port) => this.policy.decide(session, number, port).action === 'allow'),
        )
        .map((app) => ({ name: app.name, targets: app.hosts.map((host) => ({ host, ports: [...app.ports] })) }));
    } finally {
      this.policy.close(session);
    }
  }
}

function firstPorts(app: PrivateApp): number[] {
  return app.ports.filter((text) => text.startsWith('tcp/')).map((text) => Number.parseInt(text.slice(4), 10));
}

function assigned(app: PrivateApp): AssignedApp {
  const targets = app.hosts.map((host) => ({ host, ports: [...app.ports] }));
  const upstream = app.clientless?.upstream;
  if (upstream !== undefined) targets.push({ host: upstream.host, ports: [`tcp/${upstream.port}`] });
  return { name: app.name, targets };
}
