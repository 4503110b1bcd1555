import { timingSafeEqual } from 'node:crypto';
import { CausewayError, LIMITS } from '@causeway/contract';
import type { Database } from '../store/database.ts';
import { storeFailed } from '../store/open-database.ts';
import { hashToken, isToken, newToken } from './tokens.ts';

/** What a redeemed ticket gives: whose session, and where on the app host the person goes on. */
export interface Ticket {
  readonly session: string;
  readonly host: string;
  /** Path and query. It stays here, so that no URL can make us redirect elsewhere. */
  readonly path: string;
  /** When the identity provider saw the person prove who they are; absent where this login did not ask it. */
  readonly provedAt?: number;
}

/** Rows at once, of all PoPs together; each PoP may be over by those that it issues in the same moment. */
const MAX_TICKETS = 10_000;

/**
 * Single sign-on tickets: they carry a login from the login host to one app host, once, within 30 s, and only into the
 * browser that holds the nonce cookie of that app host. They are rows of the store, by their hash, because the login may
 * come through one PoP and the app host be reached through another.
 */
export class Tickets {
  readonly #database: Database;
  readonly #now: () => number;

  constructor(database: Database, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  /** @throws CausewayError `CW_BUSY` when too many wait to be redeemed, `CW_STORE_FAILED` */
  async issue(ticket: Ticket & { readonly nonceHash: string }): Promise<string> {
    const secret = newToken();
    const hash = hashToken(secret);
    if (await this.#insert(hash, ticket)) return secret;
    // What has expired counts until a sweep: this one does not wait for it.
    await this.#run((db) => db.deleteFrom('sign_on_ticket').where('expires_at', '<=', this.#now()).execute());
    if (await this.#insert(hash, ticket)) return secret;
    throw new CausewayError('CW_BUSY', 'too many tickets wait');
  }

  /**
   * Taking and reading it is one statement, so that of all who show it at once, at whatever PoP, one has it. A ticket
   * shown with the wrong host or nonce is spent: somebody has stolen it.
   *
   * @throws CausewayError `CW_TICKET_INVALID`, `CW_STORE_FAILED`
   */
  async redeem(secret: string, host: string, nonceHash: string): Promise<Ticket> {
    const row = isToken(secret)
      ? await this.#run((db) =>
          db.deleteFrom('sign_on_ticket').where('hash', '=', hashToken(secret)).returningAll().executeTakeFirst(),
        )
      : undefined;
    const valid = row !== undefined && row.expires_at > this.#now();
    if (!valid || row.host !== host || !same(row.nonce_hash, nonceHash)) throw new CausewayError('CW_TICKET_INVALID');
    const { session, path, proved_at: provedAt } = row;
    return { session, host, path, ...(provedAt === null ? {} : { provedAt }) };
  }

  /** False where the table is full. */
  async #insert(hash: string, ticket: Parameters<Tickets['issue']>[0]): Promise<boolean> {
    const { session, host, path, nonceHash, provedAt = null } = ticket;
    const end = this.#now() + LIMITS.ticketMs;
    const { numInsertedOrUpdatedRows } = await this.#run((db) =>
      db
        .insertInto('sign_on_ticket')
        .columns(['hash', 'session', 'host', 'path', 'nonce_hash', 'proved_at', 'expires_at'])
        .expression(
          db
            .selectNoFrom((e) => [
              e.val(hash).as('hash'),
              e.val(session).as('session'),
              e.val(host).as('host'),
              e.val(path).as('path'),
              e.val(nonceHash).as('nonce_hash'),
              e.val(provedAt).as('proved_at'),
              e.val(end).as('expires_at'),
            ])
            .where(
              (e) => e.selectFrom('sign_on_ticket').select(({ fn }) => fn.countAll<number>().as('count')),
              '<',
              MAX_TICKETS,
            ),
        )
        .executeTakeFirstOrThrow(),
    );
    return numInsertedOrUpdatedRows === 1n;
  }

  async #run<T>(query: (db: Database['write']) => Promise<T>): Promise<T> {
    try {
      return await query(this.#database.write);
    } catch (error) {
      throw storeFailed(error);
    }
  }
}

function same(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
