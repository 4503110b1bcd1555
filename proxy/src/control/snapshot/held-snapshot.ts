import type { PrivateApp } from '@causeway/contract';
import type { RuleFacts } from '../../policy/rule-facts.ts';
import type { SnapshotHead } from '../../rpc/snapshot.ts';

/** A snapshot as control works with it; of rules it holds what edges do. */
export interface Snapshot extends SnapshotHead {
  readonly apps: readonly PrivateApp[];
  readonly facts: RuleFacts;
}
