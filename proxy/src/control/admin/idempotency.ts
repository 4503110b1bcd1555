import { createHash } from 'node:crypto';
import { CausewayError } from '@causeway/contract';
import type { Database } from '../store/database.ts';
import { stored } from './stored.ts';

/** What is answered again to the same request. */
export interface KeptAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const KEPT_MS = 24 * 3_600_000;
/** Longer answers are not kept; the request is known, and refused when it comes again. */
const MAX_BODY = 256 * 1024;

/** That a POST is done once, however often it is sent: `Idempotency-Key`, for 24 hours and per caller. */
export class Idempotency {
  readonly #database: Database;
  readonly #now: () => number;

  constructor(database: Database, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  /**
   * Takes the key, or finds what was answered under it.
   *
   * @param request everything of it that matters
   * @returns the answer that is there, or what `keep` and `release` take
   * @throws CausewayError `CW_INPUT_INVALID` (the key was another request's), `CW_CONFLICT` (not ended, or its answer
   *   is kept nowhere)
   */
  async take(caller: string, key: string, request: string): Promise<KeptAnswer | string> {
    const hash = digest(`${caller}\n${key}`);
    const fingerprint = digest(request);
    const now = this.#now();
    const taken = await stored(
      this.#database.transaction(async (tx) => {
        await tx.deleteFrom('idempotency').where('key_hash', '=', hash).where('expires_at', '<=', now).execute();
        const { numInsertedOrUpdatedRows } = await tx
          .insertInto('idempotency')
          .values({ key_hash: hash, fingerprint, status: null, headers: null, body: null, expires_at: now + KEPT_MS })
          .onConflict((c) => c.column('key_hash').doNothing())
          .executeTakeFirstOrThrow();
        if (numInsertedOrUpdatedRows !== 0n) return null;
        return tx.selectFrom('idempotency').selectAll().where('key_hash', '=', hash).executeTakeFirstOrThrow();
      }),
    );
    if (taken === null) return hash;
    if (taken.fingerprint !== fingerprint) {
      throw new CausewayError('CW_INPUT_INVALID', 'Idempotency-Key: was used for another request', {
        problems: [{ path: 'Idempotency-Key', message: 'was used for another request' }],
      });
    }
    if (taken.status === null) {
      throw new CausewayError('CW_CONFLICT', 'the first request with this key has not ended; see whether it was done');
    }
    if (taken.body === null) {
      throw new CausewayError('CW_CONFLICT', 'this was done; its answer is shown once and kept nowhere');
    }
    return {
      status: taken.status,
      headers: JSON.parse(taken.headers ?? '{}') as Record<string, string>,
      body: taken.body,
    };
  }

  /** @param answer its body `null` where it holds a secret */
  async keep(hash: string, answer: Omit<KeptAnswer, 'body'> & { readonly body: string | null }): Promise<void> {
    const { status, headers, body } = answer;
    const kept = body !== null && body.length <= MAX_BODY ? body : null;
    await stored(
      this.#database.write
        .updateTable('idempotency')
        .set({ status, headers: JSON.stringify(headers), body: kept })
        .where('key_hash', '=', hash)
        .execute(),
    );
  }

  /** The request was refused: it may be sent again under its key. */
  async release(hash: string): Promise<void> {
    await stored(this.#database.write.deleteFrom('idempotency').where('key_hash', '=', hash).execute());
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
