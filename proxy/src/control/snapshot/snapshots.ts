import type { ImpactArguments, ImpactPage, ShadowedPolicyRule } from '../analysis/model.ts';
import type { ContentDifference } from '../objects/differing-contents.ts';
import type { ApplyResult, Author, ObjectChange, Page } from '../objects/model.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import { prepareChanges } from '../objects/prepared-change.ts';
import { listSnapshots, type SnapshotSummary } from '../objects/snapshots.ts';
import type { Configuration, PublishedBy, PublishResult } from '../configuration.ts';
import type { Database, StoreLocation } from '../store/database.ts';
import { storeFailed } from '../store/open-database.ts';
import type { SnapshotCompiler } from './compiler.ts';
import type { DifferencesArguments, EntriesArguments, PageArguments, Restoration, SnapshotEntry } from './job.ts';

export interface SnapshotsOptions {
  readonly database: Database;
  readonly compiler: SnapshotCompiler;
  readonly location: StoreLocation;
  readonly objects: ObjectStore;
  readonly configuration: Configuration;
}

/** A dry run of changes: what each does, and what would be looked twice at if they were published. */
export interface Rehearsal {
  readonly result: ApplyResult;
  readonly warnings: readonly string[];
}

/**
 * Everything about published configurations that the admin API and the command line ask for. What reads whole states
 * runs in the compiling thread, one after the other; more than a few dozen at once are refused with `CW_BUSY`.
 */
export class Snapshots {
  readonly #options: SnapshotsOptions;

  constructor(options: SnapshotsOptions) {
    this.#options = options;
  }

  /** The number that this control process has in force. */
  get current(): number {
    return this.#options.configuration.current().snapshot.number;
  }

  /** @see Configuration.publish */
  publish(by: PublishedBy): Promise<PublishResult> {
    return this.#options.configuration.publish(by);
  }

  /**
   * What `apply` would answer, and whether the working set could be published afterwards.
   *
   * @throws CausewayError as `ObjectStore.apply`, or `CW_SNAPSHOT_REFUSED` as `publish`
   */
  async rehearse(changes: readonly ObjectChange[], by: Author): Promise<Rehearsal> {
    const result = await this.#options.objects.apply(changes, by, { dryRun: true });
    const warnings = await this.#options.configuration.check(await prepareChanges(changes));
    return { result, warnings };
  }

  /** Newest first; the last 100 are kept. @throws CausewayError `CW_INPUT_INVALID` */
  async list(page: PageArguments): Promise<Page<SnapshotSummary>> {
    try {
      return await listSnapshots(this.#options.database.read, page);
    } catch (error) {
      throw storeFailed(error);
    }
  }

  /** @throws CausewayError `CW_NOT_FOUND` where the snapshot is not kept, `CW_INPUT_INVALID` */
  objects(args: EntriesArguments): Promise<Page<SnapshotEntry>> {
    const { compiler, location } = this.#options;
    return compiler.run(location, 'entries', args);
  }

  /** Between two snapshots, or one and the working set. @throws CausewayError as `objects` */
  differences(args: DifferencesArguments): Promise<Page<ContentDifference>> {
    const { compiler, location } = this.#options;
    return compiler.run(location, 'differences', args);
  }

  /**
   * Brings the working set's objects of the API back to what they were in a snapshot, as new revisions and in their
   * order. Publishing them is another call.
   *
   * @throws CausewayError `CW_NOT_FOUND`; `CW_PRECONDITION_FAILED` where somebody changed objects meanwhile
   */
  async restore(number: number, by: Author): Promise<ApplyResult & Pick<Restoration, 'skipped'>> {
    const { compiler, location, objects } = this.#options;
    const { changes, order, version, skipped } = await compiler.run(location, 'restoration', { number });
    return { ...(await objects.write(changes, by, { order, ifVersion: version })), skipped };
  }

  /** Rules of the working set that never decide. */
  shadowed(page: PageArguments): Promise<Page<ShadowedPolicyRule>> {
    const { compiler, location } = this.#options;
    return compiler.run(location, 'shadowed', page);
  }

  /** Who gains and who loses by the working set, compared with the last snapshot. */
  impact(args: ImpactArguments): Promise<ImpactPage> {
    const { compiler, location, configuration } = this.#options;
    return compiler.run(location, 'impact', { ...args, timeZone: configuration.current().config.timeZone });
  }
}
