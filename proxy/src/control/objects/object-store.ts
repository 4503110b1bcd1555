import { slug, type ObjectKind } from '@causeway/contract';
import type { Database } from '../store/database.ts';
import { storeFailed } from '../store/open-database.ts';
import { applyChanges } from './apply-changes.ts';
import type { BodyOf } from './kinds/kinds.ts';
import type { ApplyOptions, ApplyResult, Author, ObjectChange, ObjectVersion, Page, StoredObject } from './model.ts';
import { objectHistory, objectVersion, type HistoryQuery } from './object-history.ts';
import { listObjects, type ListQuery } from './object-page.ts';
import { toObject, type Tx } from './object-rows.ts';
import { checkComment, prepareChanges, refusal, type PreparedChange } from './prepared-change.ts';

/** Takes a dry run back. */
class DryRun extends Error {
  readonly result: ApplyResult;

  constructor(result: ApplyResult) {
    super('a dry run changes nothing');
    this.result = result;
  }
}

/**
 * The configuration objects: the working set, which writes change, and its whole history. What people run with is
 * another thing: the last snapshot published of it. Every method rejects with `CW_STORE_FAILED` where the database does
 * not answer.
 */
export class ObjectStore {
  readonly #database: Database;
  readonly #now: () => number;

  constructor(database: Database, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  async get<K extends ObjectKind>(kind: K, name: string): Promise<StoredObject<BodyOf<K>> | null> {
    if (!slug.safeParse(name).success) return null;
    const row = await this.#read(() =>
      this.#database.read
        .selectFrom('object')
        .selectAll()
        .where('kind', '=', kind)
        .where('name', '=', name)
        .executeTakeFirst(),
    );
    // The kind's schema gave the body its type when it was stored.
    return row === undefined ? null : (toObject(row) as StoredObject<BodyOf<K>>);
  }

  /** @throws CausewayError `CW_INPUT_INVALID` on a limit, cursor, sort, filter or q that does not exist */
  async list(kind: ObjectKind, query: ListQuery): Promise<Page<StoredObject>> {
    return this.#read(() => listObjects(this.#database, kind, query));
  }

  /**
   * Changes objects, all or none. Bodies are checked by themselves; whether they go together is said when they are
   * published, so that a change may take several calls.
   *
   * @throws CausewayError whose `problems` name each object that is meant: `CW_INPUT_INVALID` (a body that is none),
   *   `CW_PRECONDITION_FAILED` (`ifRevision` is not what is there), `CW_CONFLICT` (there already), `CW_NOT_FOUND`
   *   (nothing to delete), `CW_MANAGED` (of the configuration file)
   */
  async apply(changes: readonly ObjectChange[], by: Author, options: ApplyOptions = {}): Promise<ApplyResult> {
    return this.write(await prepareChanges(changes), by, options);
  }

  /** `apply` of changes that were checked before. @param within also happens in the same transaction */
  async write(
    changes: readonly PreparedChange[],
    by: Author,
    options: ApplyOptions = {},
    within: (tx: Tx, result: ApplyResult) => Promise<void> = async () => {},
  ): Promise<ApplyResult> {
    checkComment(by.comment);
    try {
      return await this.#database.transaction(async (tx) => {
        const result = await applyChanges(tx, changes, by, options, this.#now());
        if (options.dryRun === true) throw new DryRun(result);
        await within(tx, result);
        return result;
      });
    } catch (error) {
      if (error instanceof DryRun) return error.result;
      throw storeFailed(error);
    }
  }

  /** Newest first; empty where there never was such an object. @throws CausewayError `CW_INPUT_INVALID` */
  async history(kind: ObjectKind, name: string, query: HistoryQuery): Promise<Page<ObjectVersion>> {
    if (!slug.safeParse(name).success) return { items: [], next: null };
    return this.#read(() => objectHistory(this.#database.read, kind, name, query));
  }

  async version(kind: ObjectKind, name: string, revision: number): Promise<ObjectVersion | null> {
    if (!slug.safeParse(name).success) return null;
    return this.#read(() => objectVersion(this.#database.read, kind, name, revision));
  }

  /**
   * Puts an earlier body back as a new revision, also of an object that is deleted. Its place in an order stays, or is
   * the last.
   *
   * @throws CausewayError `CW_NOT_FOUND` where there never was such a revision, and as `apply`
   */
  async restore(
    kind: ObjectKind,
    name: string,
    revision: number,
    by: Author,
    ifRevision?: number | null,
  ): Promise<ApplyResult> {
    const version = await this.version(kind, name, revision);
    if (version === null) {
      throw refusal('CW_NOT_FOUND', [{ kind, name, path: '', message: `there is no revision ${revision}` }]);
    }
    const put: ObjectChange = { kind, name, op: 'put', body: version.body };
    return this.apply([ifRevision === undefined ? put : { ...put, ifRevision }], by);
  }

  /** Counts up with every apply that changed something. */
  async workingVersion(): Promise<number> {
    const row = await this.#read(() =>
      this.#database.read.selectFrom('counter').select('value').where('name', '=', 'working').executeTakeFirstOrThrow(),
    );
    return row.value;
  }

  async #read<T>(query: () => Promise<T>): Promise<T> {
    try {
      return await query();
    } catch (error) {
      throw storeFailed(error);
    }
  }
}
