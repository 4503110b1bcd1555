import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sqlitePlace } from '../store/fixtures/store-place.ts';
import { ADMIN_LIMITS } from './admin-records.ts';
import { adminApp } from './admin-app.ts';
import { ADMIN_ORIGIN, GENEROUS, openAdmin, type AdminPlace } from './fixtures/admin-place.ts';
import { route, type Routes } from './route.ts';

let place: AdminPlace;
let now: number;

beforeAll(async () => {
  place = await openAdmin(await sqlitePlace(), ADMIN_LIMITS);
}, 60_000);
beforeEach(() => {
  place.now += 3_600_000;
  ({ now } = place);
});
afterAll(() => place.close());

const get = (address: string, token: string): Promise<Response> =>
  place.raw('/me', { headers: { authorization: `Bearer ${token}` } }, { address });

async function untilRefused(
  ask: (i: number) => Promise<Response>,
  most: number,
): Promise<{ sent: number; response: Response }> {
  for (let sent = 1; sent <= most; sent++) {
    const response = await ask(sent);
    if (response.status === 429) return { sent, response };
  }
  throw new Error(`never refused in ${most}`);
}

describe('limits', () => {
  it('are of each token, whatever address it comes from', async () => {
    const { sent, response } = await untilRefused((i) => get(`10.1.${i}.1`, place.tokens.owner), 250);
    expect(sent).toBe(201);
    expect(response.headers.get('retry-after')).toBe('2');
    expect(await response.json()).toMatchObject({ code: 'CW_RATE_LIMITED', retryable: true });
    expect((await get('10.1.1.1', place.tokens.admin)).status).toBe(200);
    place.now = now + 1_000;
    expect((await untilRefused(() => get('10.1.1.1', place.tokens.owner), 60)).sent).toBe(51);
  });

  it('are narrow for wrong tokens, and do not lock out the right ones', async () => {
    const wrong = (): Promise<Response> => get('10.2.0.1', `cwt_${'x'.repeat(43)}`);
    expect((await untilRefused(wrong, 30)).sent).toBe(21);
    expect((await get('10.2.0.1', place.tokens.auditor)).status).toBe(200);
  });

  it('are of each address', async () => {
    const tokens = Object.values(place.tokens);
    const { sent } = await untilRefused((i) => get('10.3.0.1', tokens[i % tokens.length] ?? ''), 450);
    expect(sent).toBe(401);
    expect((await get('10.3.0.2', place.tokens.helpdesk)).status).toBe(200);
  });
});

it('a body is read to its limit and no further', async () => {
  let pulled = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      pulled++;
      controller.enqueue(new Uint8Array(64 * 1024).fill(32));
    },
  });
  const init = { method: 'POST', body: endless, duplex: 'half', headers: headersOf() } as RequestInit;
  const response = await place.raw('/sessions/revoke', init);
  expect(response.status).toBe(413);
  expect(await response.json()).toMatchObject({ code: 'CW_BODY_TOO_LARGE' });
  expect(pulled).toBeLessThan(10);
});

describe('an app of two routes', () => {
  let release: () => void;
  const routes: Routes = {
    'GET /wait': route({ summary: '', permission: 'any' }, () => new Promise<void>((resolve) => (release = resolve))),
    'POST /fail': route({ summary: '', permission: 'any' }, () => Promise.reject(new Error('a secret detail'))),
  };

  it('answers in time, and so many at once', async () => {
    const limits = { ...GENEROUS, requestMs: 20, atOnce: 2 };
    const app = adminApp({ ...place.services, limits }, routes);
    const wait = (): Promise<Response> =>
      Promise.resolve(app.request(`${ADMIN_ORIGIN}/wait`, { headers: headersOf() }, { address: '10.4.0.1' }));
    const answers = await Promise.all([wait(), wait(), wait()]);
    expect(answers.map(({ status }) => status)).toEqual([504, 504, 503]);
    release();
  });

  it('tells nobody what went wrong inside, but the log, under the same reference', async () => {
    const app = adminApp({ ...place.services, limits: GENEROUS }, routes);
    place.log.length = 0;
    const response = await app.request(
      `${ADMIN_ORIGIN}/fail`,
      { method: 'POST', headers: headersOf() },
      { address: '10.4.0.1' },
    );
    const text = await response.text();
    expect(response.status).toBe(500);
    expect(text).not.toContain('secret detail');
    const { reference } = JSON.parse(text) as { reference: string };
    expect(place.log.find((line) => line.includes('a secret detail'))).toContain(reference);
    const { items } = await place.services.audit.list({ limit: 1, sort: '-at' });
    expect(items).toMatchObject([{ action: 'POST /fail', result: 'CW_INTERNAL', reference }]);
  });
});

function headersOf(): Record<string, string> {
  return { authorization: `Bearer ${place.tokens.helpdesk}`, 'content-type': 'application/json' };
}
