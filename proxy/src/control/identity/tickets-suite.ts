import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LIMITS } from '@causeway/contract';
import type { Database } from '../store/database.ts';
import type { StorePlace } from '../store/fixtures/store-place.ts';
import { KyselyStore } from '../store/kysely-store.ts';
import { openDatabase } from '../store/open-database.ts';
import { Tickets } from './tickets.ts';

const TICKET = { session: 's_1', host: 'a.access.test', path: '/deep?x=1', nonceHash: 'hash-of-the-nonce' };
const REFUSED = expect.objectContaining({ code: 'CW_TICKET_INVALID' }) as Error;

export function ticketsSuite(name: string, makePlace: () => Promise<StorePlace>): void {
  describe(`tickets on ${name}`, () => {
    let now = 5_000;
    let place: StorePlace;
    let database: Database;
    let tickets: Tickets;
    beforeAll(async () => {
      place = await makePlace();
      database = await openDatabase(place.location);
      tickets = new Tickets(database, () => now);
    });
    beforeEach(async () => {
      now = 5_000;
      await database.write.deleteFrom('sign_on_ticket').execute();
    });
    afterAll(async () => {
      await database.close();
      await place.remove();
    });

    const rows = () => database.write.selectFrom('sign_on_ticket').selectAll().execute();

    it('are redeemed once, on their host, with their nonce, and nothing in the store is worth one', async () => {
      const secret = await tickets.issue(TICKET);
      expect(secret).toMatch(/^[\w-]{43}$/);
      const [row] = await rows();
      expect(Object.values(row ?? {})).not.toContain(secret);
      await expect(tickets.redeem(row?.hash ?? '', TICKET.host, TICKET.nonceHash)).rejects.toEqual(REFUSED);
      const { nonceHash: _nonce, ...redeemed } = TICKET;
      expect(await tickets.redeem(secret, TICKET.host, TICKET.nonceHash)).toEqual(redeemed);
      await expect(tickets.redeem(secret, TICKET.host, TICKET.nonceHash)).rejects.toEqual(REFUSED);
      expect(await rows()).toEqual([]);
      const proved = await tickets.issue({ ...TICKET, provedAt: 4_000 });
      expect(await tickets.redeem(proved, TICKET.host, TICKET.nonceHash)).toEqual({ ...redeemed, provedAt: 4_000 });
    });

    it.each([
      ['another host', 'b.access.test', TICKET.nonceHash],
      ['another browser', TICKET.host, 'hash-of-another'],
      ['no nonce', TICKET.host, ''],
    ])('are refused and spent for %s', async (_name, host, nonceHash) => {
      const secret = await tickets.issue(TICKET);
      await expect(tickets.redeem(secret, host, nonceHash)).rejects.toEqual(REFUSED);
      await expect(tickets.redeem(secret, TICKET.host, TICKET.nonceHash)).rejects.toEqual(REFUSED);
      expect(await rows()).toEqual([]);
    });

    it('are refused after 30 seconds, and when they never were', async () => {
      const secret = await tickets.issue(TICKET);
      now += LIMITS.ticketMs;
      for (const one of [secret, '', 'x'.repeat(43), "' or 1=1 --"]) {
        await expect(tickets.redeem(one, TICKET.host, TICKET.nonceHash)).rejects.toEqual(REFUSED);
      }
    });

    it('go to one of all who show them at once', async () => {
      const secret = await tickets.issue(TICKET);
      const tries = await Promise.allSettled(
        Array.from({ length: 20 }, () => tickets.redeem(secret, TICKET.host, TICKET.nonceHash)),
      );
      expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    });

    it('are bounded, and make room and are swept when they end', async () => {
      const { session, host, path } = TICKET;
      const row = { session, host, path, nonce_hash: 'n', proved_at: null, expires_at: now + LIMITS.ticketMs };
      for (let from = 0; from < 10_000; from += 2_000) {
        const many = Array.from({ length: 2_000 }, (_, i) => ({ ...row, hash: `h${from + i}` }));
        await database.write.insertInto('sign_on_ticket').values(many).execute();
      }
      await expect(tickets.issue(TICKET)).rejects.toMatchObject({ code: 'CW_BUSY' });
      now += LIMITS.ticketMs;
      expect(await tickets.issue(TICKET)).toMatch(/^[\w-]{43}$/);
      expect(await rows()).toHaveLength(1);
      const store = new KyselyStore(database);
      await store.sweep(now + LIMITS.ticketMs - 1);
      expect(await rows()).toHaveLength(1);
      await store.sweep(now + LIMITS.ticketMs);
      expect(await rows()).toEqual([]);
    });
  });
}
