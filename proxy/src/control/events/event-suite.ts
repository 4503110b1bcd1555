import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EventQuery, EventRecord, StoredEvent } from '../../rpc/messages.ts';
import type { Database } from '../store/database.ts';
import type { StorePlace } from '../store/fixtures/store-place.ts';
import { openDatabase } from '../store/open-database.ts';
import { Alerts } from './alerts/alerts.ts';
import { eventOf, openEventLog } from './event-fixture.ts';
import { countEvents } from './event-counts.ts';
import type { Follower } from './event-feed.ts';
import type { EventLog } from './event-log.ts';
import { pseudonymOf } from './privacy.ts';

const DAY = 24 * 3_600_000;

/** What the event log does on every database. */
export function eventSuite(name: string, makePlace: () => Promise<StorePlace>): void {
  describe(`events on ${name}`, () => {
    let place: StorePlace;
    let database: Database;
    let log: EventLog;
    beforeEach(async () => {
      place = await makePlace();
      database = await openDatabase(place.location);
      log = openEventLog(database, { scan: 40 });
    });
    afterEach(async () => {
      await database.close();
      await place.remove();
    });

    const bare = (events: readonly StoredEvent[]): EventRecord[] => events.map(({ id: _id, ...event }) => event);
    const decisions = (events: readonly EventRecord[]): string[] => events.map(({ decision }) => decision);
    const all = async (query: EventQuery, limit = 500): Promise<StoredEvent[]> => {
      const found: StoredEvent[] = [];
      let cursor: string | null = '';
      for (let pages = 0; cursor !== null; pages++) {
        expect(pages).toBeLessThan(100);
        const page = await log.search(query, { limit, ...(cursor === '' ? {} : { cursor }) });
        expect(page.items.length).toBeLessThanOrEqual(limit);
        if (page.items.length < limit && page.next !== null) expect(page.partial).toBe(true);
        found.push(...page.items);
        ({ next: cursor } = page);
      }
      return found;
    };

    test('come back whole, newest first by their own time, whenever they arrived', async () => {
      await log.append([]);
      const many = Array.from({ length: 450 }, (_, i) => eventOf({ at: i, decision: `d${i}` }));
      await log.append(many.slice(100));
      await log.append(many.slice(0, 100));
      expect(bare((await log.search({}, { limit: 2 })).items)).toEqual([many[449], many[448]]);
      expect(bare(await all({}, 100))).toEqual(many.toReversed());
    });

    test('are found by any field, and by several at once', async () => {
      const other = eventOf({
        at: 2_000,
        decision: 'dB2',
        kind: 'flow',
        user: 'Bob@corp.example',
        device: 'd_bob',
        session: 'device:d_bob',
        app: 'db',
        verdict: { action: 'block', rule: null, why: 'no rule' },
        address: '10.0.0.2',
        verb: null,
        path: 'DB.corp.example:5432',
        status: null,
      });
      await log.append([eventOf(), other, eventOf({ at: 3_000, decision: 'dC3', status: 404, path: '/100%_sure' })]);
      const asked: [EventQuery, string[]][] = [
        [{ user: 'bob@CORP.example' }, ['dB2']],
        [{ app: 'wiki' }, ['dC3', 'dA1']],
        [{ device: 'd_bob' }, ['dB2']],
        [{ session: 's_Ann' }, ['dC3', 'dA1']],
        [{ session: 's_ann' }, []],
        [{ rule: 'staff' }, ['dC3', 'dA1']],
        [{ action: 'block' }, ['dB2']],
        [{ decision: 'dA1' }, ['dA1']],
        [{ address: '10.0.0.2' }, ['dB2']],
        [{ kind: 'flow' }, ['dB2']],
        [{ status: 404 }, ['dC3']],
        [{ method: 'browser', verb: 'get' }, ['dC3', 'dA1']],
        [{ worker: 0, minMs: 3 }, ['dC3', 'dB2', 'dA1']],
        [{ minMs: 4 }, []],
        [{ minBytes: 3, user: 'bob@corp.example' }, ['dB2']],
        [{ minBytes: 4 }, []],
        [{ since: 2_000 }, ['dC3', 'dB2']],
        [{ until: 2_000 }, ['dA1']],
        [{ app: 'wiki', status: 404 }, ['dC3']],
        [{ app: 'wiki', status: 404, until: 3_000 }, []],
        [{ text: 'db.CORP' }, ['dB2']],
        [{ text: 'no rule' }, ['dB2']],
        [{ text: '%_' }, ['dC3']],
        [{ text: '_00%' }, []],
        [{ user: 'ann@corp.example', text: 'get /' }, ['dC3', 'dA1']],
      ];
      for (const [query, expected] of asked) {
        expect([query, decisions((await log.search(query, { limit: 10 })).items)]).toEqual([query, expected]);
      }
    });

    test('of the same moment and of any page size are each found once', async () => {
      await log.append(Array.from({ length: 130 }, (_, i) => eventOf({ at: Math.trunc(i / 40), decision: `d${i}` })));
      for (const limit of [7, 40, 130]) {
        expect(new Set(decisions(await all({}, limit))).size).toBe(130);
        expect(await all({ user: 'ann@corp.example', app: 'wiki' }, limit)).toHaveLength(130);
      }
    });

    test('that are rare among many are found page by page, each looking at so many only', async () => {
      const rare = (i: number): boolean => i % 90 === 5;
      await log.append(
        Array.from({ length: 200 }, (_, i) =>
          eventOf({ at: i, decision: `d${i}`, status: rare(i) ? 500 : 200, path: rare(i) ? '/needle' : '/hay' }),
        ),
      );
      const page = await log.search({ text: 'needle' }, { limit: 10 });
      expect(decisions(page.items)).toEqual(['d185']);
      expect(page).toMatchObject({ partial: true, next: expect.any(String) });
      for (const query of [
        { text: 'needle' },
        { app: 'wiki', status: 500 },
        { kind: 'request', text: 'needle' },
      ] as const) {
        expect(decisions(await all(query, 10))).toEqual(['d185', 'd95', 'd5']);
        expect(decisions(await all(query, 2))).toEqual(['d185', 'd95', 'd5']);
      }
    });

    test('are turned over in both directions, from either end', async () => {
      await log.append(Array.from({ length: 25 }, (_, i) => eventOf({ at: Math.trunc(i / 3), decision: `d${i}` })));
      for (const query of [{}, { app: 'wiki', text: 'get' }]) {
        for (const oldestFirst of [false, true]) {
          const pages: string[][] = [];
          let page = await log.search(query, { limit: 10, oldestFirst });
          expect(page.previous).toBeNull();
          pages.push(decisions(page.items));
          while (page.next !== null) {
            page = await log.search(query, { limit: 10, oldestFirst, cursor: page.next });
            pages.push(decisions(page.items));
          }
          const forwards = Array.from({ length: 25 }, (_, i) => `d${i}`);
          expect(pages.flat()).toEqual(oldestFirst ? forwards : forwards.toReversed());
          for (const expected of pages.slice(0, -1).toReversed()) {
            page = await log.search(query, { limit: 10, oldestFirst, cursor: page.previous ?? '' });
            expect(decisions(page.items)).toEqual(expected);
          }
          expect(page.previous).toBeNull();
          const { next } = page;
          const again = await log.search(query, { limit: 10, oldestFirst, cursor: next ?? '' });
          expect(decisions(again.items)).toEqual(pages[1]);
        }
      }
    });

    test('are read by their number', async () => {
      await log.append([eventOf()]);
      const [found] = (await log.search({}, { limit: 1 })).items;
      expect(await log.get(found?.id ?? -1)).toEqual(found);
      expect(await log.get(99_999)).toBeNull();
    });

    describe('that are followed', () => {
      const FEW = { followers: 3, perOwner: 2, kept: 10, behind: 30, pollMs: 20 };
      const soon = (): AbortSignal => AbortSignal.timeout(5_000);
      const numbered = (from: number, count: number, change: Partial<EventRecord> = {}): EventRecord[] =>
        Array.from({ length: count }, (_, i) => eventOf({ decision: String(from + i), ...change }));
      const collect = async (follower: Follower, count: number): Promise<string[]> => {
        const found: string[] = [];
        while (found.length < count) {
          const followed = await follower.next(soon());
          if (followed === null) throw new Error(`only ${found.join(' ')}`);
          if (followed.gap !== null) found.push(`gap: ${followed.gap.why}`);
          found.push(...decisions(followed.events));
        }
        return found;
      };
      const newestId = async (): Promise<number> => (await log.search({}, { limit: 1 })).items[0]?.id ?? 0;
      beforeEach(() => {
        log = openEventLog(database, { feed: FEW });
      });
      afterEach(() => log.close());

      test('come as they are stored, each once, and only those asked for', async () => {
        await log.append(numbered(0, 3));
        const follower = await log.follow({ user: 'ANN@corp.example', minMs: 3, text: 'get' }, 'a');
        await log.append([...numbered(3, 2), eventOf({ user: 'bob@corp.example' }), eventOf({ ms: 2 })]);
        await log.append(numbered(5, 1));
        expect(await collect(follower, 3)).toEqual(['3', '4', '5']);
        expect(await follower.next(AbortSignal.timeout(60))).toBeNull();
        follower.close();
      });

      test('resume behind any number, without loss or repetition, while more are stored', async () => {
        log = openEventLog(database, { feed: { ...FEW, behind: 100_000 } });
        await log.append(numbered(0, 40));
        const begin = (await newestId()) - 40;
        const follower = await log.follow({}, 'a', begin);
        const writing = (async () => {
          for (let i = 40; i < 1_240; i += 60) await log.append(numbered(i, 60));
        })();
        const all = Array.from({ length: 1_240 }, (_, i) => String(i));
        expect(await collect(follower, 1_240)).toEqual(all);
        await writing;
        const second = await log.follow({}, 'a', begin + 1_200);
        expect(await collect(second, 40)).toEqual(all.slice(1_200));
        for (const one of [follower, second]) one.close();
      });

      test('written by another process of the store come too', async () => {
        const follower = await log.follow({}, 'a');
        const other = openEventLog(database);
        await other.append(numbered(0, 2));
        expect(await collect(follower, 2)).toEqual(['0', '1']);
        follower.close();
      });

      test('are told to be missing where they were forgotten, are too many, or of another store', async () => {
        await log.append(numbered(0, 30));
        const newest = await newestId();
        const slow = await log.follow({}, 'a');
        await log.append(numbered(30, 60));
        await expect.poll(async () => (await slow.next(soon()))?.gap?.why, { timeout: 5_000 }).toBe('too slow');
        await log.append(numbered(90, 1));
        expect(await collect(slow, 1)).toEqual(['90']);
        slow.close();

        await log.sweep({ days: 100_000, maxEvents: 20 });
        const late = await log.follow({}, 'a', newest - 10);
        expect((await collect(late, 2))[0]).toBe('gap: forgotten');
        late.close();
        const strange = await log.follow({}, 'a', newest + 1_000_000);
        expect(await collect(strange, 1)).toEqual(['gap: unknown id']);
        await log.append(numbered(91, 1));
        expect(await collect(strange, 1)).toEqual(['91']);
        strange.close();
      });

      test('have so many followers, of one owner and in all', async () => {
        const busy = expect.objectContaining({ code: 'CW_BUSY' }) as unknown;
        const first = await log.follow({}, 'a');
        await log.follow({}, 'a');
        await expect(log.follow({}, 'a')).rejects.toEqual(busy);
        const third = await log.follow({}, 'b');
        await expect(log.follow({}, 'c')).rejects.toEqual(busy);
        third.close();
        first.close();
        first.close();
        await log.follow({}, 'a');
        await expect(log.follow({}, 'a')).rejects.toEqual(busy);
      });
    });

    test('are counted by the values of a field over time', async () => {
      const apps = ['wiki', 'wiki', 'db', null, 'wiki', 'mail', 'db'];
      await log.append(apps.map((app, i) => eventOf({ at: 1_000 + 100 * i, app, status: i === 6 ? 500 : 200 })));
      await log.append([eventOf({ at: 999 }), eventOf({ at: 2_000 })]);
      const request = { by: 'app', from: 1_000, to: 2_000, buckets: 5, top: 2 } as const;
      expect(await log.counts({}, request)).toEqual({
        bucketMs: 200,
        countedFrom: 1_000,
        values: [
          { value: 'wiki', count: 3 },
          { value: 'db', count: 2 },
        ],
        others: 2,
        buckets: [
          { at: 1_000, counts: [2, 0], others: 0 },
          { at: 1_200, counts: [0, 1], others: 1 },
          { at: 1_400, counts: [1, 0], others: 1 },
          { at: 1_600, counts: [0, 1], others: 0 },
        ],
      });
      const narrow = await log.counts({ app: 'db', status: 500, text: 'get' }, { ...request, by: 'status', top: 9 });
      expect(narrow).toMatchObject({ values: [{ value: '500', count: 1 }], others: 0 });
      expect((await log.counts({}, { ...request, top: 9 })).values.at(-1)).toEqual({ value: 'mail', count: 1 });
      const user = await log.counts({ kind: 'cut' }, { ...request, by: 'user' });
      expect(user).toMatchObject({ values: [], buckets: [] });
      const few = await countEvents(database.read, {}, request, 3);
      expect(few).toMatchObject({ countedFrom: 1_400 });
      expect(few.values.map(({ count }) => count).reduce((a, b) => a + b) + few.others).toBe(3);
    });

    test('a search that is none is refused', async () => {
      for (const page of [{ limit: 0 }, { limit: 501 }, { limit: 1.5 }, { limit: 1, cursor: 'x' }]) {
        await expect(log.search({}, page)).rejects.toMatchObject({ code: 'CW_INPUT_INVALID' });
      }
    });

    test('hold what neither database likes in a text', async () => {
      const odd = eventOf({ user: 'a\0b', path: `/\0${'ü'.repeat(5_000)}`, address: 'x'.repeat(9_000) });
      await log.append([odd]);
      for (const query of [{}, { user: 'a\0b' }, { address: 'x'.repeat(9_000) }, { text: 'üü\0' }]) {
        expect(bare((await log.search(query, { limit: 1 })).items)).toEqual([odd]);
      }
    });

    test('tell neither store nor listener what privacy takes away', async () => {
      const key = Buffer.alloc(32, 1);
      const told: EventRecord[] = [];
      const switches = { pseudonymiseUser: true, dropPath: true, dropOwner: true };
      const onStored = (events: readonly EventRecord[]): void => void told.push(...events);
      const hiding = openEventLog(database, { key, privacy: () => switches, onStored });
      const follower = await hiding.follow({}, 'test');
      await hiding.append([
        eventOf({ path: '/secret' }),
        eventOf({
          at: 2,
          kind: 'cut',
          user: 'ANN@corp.example',
          device: 'd_1',
          session: 'device:d_1',
          path: 'revoked',
        }),
      ]);
      const rows = await database.read.selectFrom('event').selectAll().execute();
      expect(JSON.stringify(rows)).not.toMatch(/ann@corp|secret|d_1/i);
      const user = pseudonymOf(key, 'ann@corp.example');
      const { items } = await log.search({ user }, { limit: 9 });
      expect(items).toMatchObject([{ path: null }, { path: 'revoked', device: null, session: null }]);
      expect(told).toEqual(bare(items));
      expect(bare((await follower.next(AbortSignal.timeout(5_000)))?.events ?? [])).toEqual(told);
      follower.close();
      hiding.close();
      expect(pseudonymOf(Buffer.alloc(32, 2), 'ann@corp.example')).not.toBe(user);
    });

    test('go when they are too old or too many, and nothing else', async () => {
      const now = 100 * DAY;
      log = openEventLog(database, { now: () => now });
      const at = (days: number, decision: string): EventRecord => eventOf({ at: now - days * DAY, decision });
      await log.append([...Array.from({ length: 2_500 }, () => at(31, 'old')), at(29, 'kept'), at(1, 'young')]);
      await log.sweep({ days: 30, maxEvents: 1_000 });
      expect(decisions(await all({}))).toEqual(['young', 'kept']);
      await log.sweep({ days: 30, maxEvents: 1 });
      expect(decisions(await all({}))).toEqual(['young']);
      await log.sweep({ days: 1, maxEvents: 0 });
      expect(await all({})).toEqual([]);
      await log.sweep({ days: 1, maxEvents: 1 });
    });

    test('of alerts: what only happened is forgotten after months, what lasts stays', async () => {
      let now = 100 * DAY;
      const alerts = new Alerts({ database, eventLog: log, now: () => now });
      await alerts.raise({ rule: 'break-glass', pop: '', subject: 'ann', message: 'made' });
      await alerts.raise({ rule: 'publisher-lost', pop: '', subject: 'north', message: 'lost' });
      now += 89 * DAY;
      await alerts.sweep();
      expect((await alerts.list({ limit: 5, sort: 'lastAt' })).items).toHaveLength(2);
      now += 2 * DAY;
      await alerts.sweep();
      expect((await alerts.list({ limit: 5, sort: 'lastAt' })).items).toMatchObject([{ rule: 'publisher-lost' }]);
    });

    test('of which one cannot be stored are not stored at all, and nobody is told', async () => {
      const told: EventRecord[] = [];
      const telling = openEventLog(database, { onStored: (events) => void told.push(...events) });
      await sql`create unique index only_once on event (decision)`.execute(database.write);
      await expect(telling.append([eventOf(), eventOf()])).rejects.toMatchObject({ code: 'CW_STORE_FAILED' });
      expect(await all({})).toEqual([]);
      expect(told).toEqual([]);
    });
  });
}
