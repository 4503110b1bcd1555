import { beforeAll, describe, expect, it } from 'vitest';
import { ServerSentEvents } from '../../admin-client/server-sent-events.ts';
import type { StoredEvent } from '../../rpc/messages.ts';
import { eventOf } from '../events/event-fixture.ts';
import type { FoundIncident } from '../events/incidents/incident.ts';
import type { AdminPlace, Said } from './fixtures/admin-place.ts';

const FOUND: FoundIncident = {
  at: 5,
  decision: 'd-leak',
  user: 'Ann@corp.example',
  device: 'd_1',
  app: 'wiki',
  direction: 'upload',
  profile: 'cards',
  rule: 'staff',
  action: 'block',
  severity: 'high',
  matches: [{ identifier: 'card-number', count: 7, excerpts: ['4111 1111 1111 1111', 'x\u0000y'] }],
  file: { name: 'cards\u0000.csv', type: 'text/csv', size: 10, sha256: 'ab'.repeat(32) },
  evidence: null,
};

/** Events, alerts and incidents over the API. */
export function eventsSuite(at: () => AdminPlace): void {
  let place: AdminPlace;
  beforeAll(() => {
    place = at();
  });
  const items = async (path: string): Promise<readonly Said[]> => (await place.send('GET', path)).body.items;

  /** Follows, and says what came until it ends or is let go. */
  async function tail(path: string, headers: Record<string, string>) {
    const answer = await place.raw(path, { headers });
    const parser = new ServerSentEvents();
    const reader = answer.body?.getReader();
    const decoder = new TextDecoder();
    const next = async (): Promise<{ event: string; data: string }[] | null> => {
      const part = await reader?.read();
      return part?.value === undefined ? null : parser.push(decoder.decode(part.value, { stream: true }));
    };
    const until = async (count: number): Promise<string[]> => {
      const found: string[] = [];
      while (found.length < count) {
        const messages = await next();
        if (messages === null) break;
        for (const { event, data } of messages) {
          found.push(event === 'message' ? (JSON.parse(data) as StoredEvent).decision : event);
        }
      }
      return found;
    };
    return { answer, parser, until, stop: () => reader?.cancel() };
  }
  const bearer = (role: 'owner' | 'auditor'): Record<string, string> => ({
    authorization: `Bearer ${place.tokens[role]}`,
  });

  describe('events', () => {
    it('are searched, turned over, read and counted', async () => {
      await place.services.eventLog.append(
        Array.from({ length: 5 }, (_, i) =>
          eventOf({ at: 100 + i, decision: `s${i}`, app: 'sought', session: null, address: '10.9.9.9' }),
        ),
      );
      const list = '/events?filter[app]=Sought&filter[method]=browser&from=100&to=104&q=GET&limit=3';
      const first = await place.send('GET', list, { as: 'read-only' });
      expect(first.body.items.map(({ decision }) => decision)).toEqual(['s3', 's2', 's1']);
      const second = await place.send('GET', `${list}&cursor=${first.body.next}`);
      expect(second.body.items.map(({ decision }) => decision)).toEqual(['s0']);
      const back = await place.send('GET', `${list}&cursor=${String(second.body['previous'])}`);
      expect(back.body.items).toEqual(first.body.items);
      expect((await items('/events?filter[app]=sought&sort=at&limit=1'))[0]).toMatchObject({ decision: 's0' });
      const { id } = first.body.items[0] as unknown as StoredEvent;
      expect((await place.send('GET', `/events/${id}`)).body).toEqual(first.body.items[0]);
      expect((await place.send('GET', '/events/999999999')).status).toBe(404);
      const counts = await place.send('GET', '/events/counts?by=decision&from=100&to=110');
      expect(counts.status).toBe(422);
      const byApp = await place.send('GET', '/events/counts?by=app&from=100&to=110&buckets=2&filter[app]=sought');
      expect(byApp.body).toMatchObject({ values: [{ value: 'sought', count: 5 }], others: 0, bucketMs: 5 });
      expect((await place.send('GET', '/events/counts?from=5&to=5')).status).toBe(422);
      expect((await place.send('GET', '/events?filter[colour]=red')).status).toBe(422);
    });

    it('are followed, and resumed behind the last that was seen', async () => {
      const { eventLog } = place.services;
      const path = '/events/tail?filter[app]=followed';
      const first = await tail(path, bearer('auditor'));
      expect(first.answer.headers.get('content-type')).toBe('text/event-stream');
      await eventLog.append(['t0', 't1'].map((decision) => eventOf({ decision, app: 'followed' })));
      expect(await first.until(2)).toEqual(['t0', 't1']);
      await first.stop();
      await eventLog.append([eventOf({ decision: 't2', app: 'followed' }), eventOf({ decision: 'other' })]);
      const second = await tail(path, { ...bearer('auditor'), 'last-event-id': first.parser.lastEventId });
      await eventLog.append([eventOf({ decision: 't3', app: 'followed' })]);
      expect(await second.until(2)).toEqual(['t2', 't3']);
      await second.stop();
      expect((await place.raw(path, { headers: { ...bearer('owner'), 'last-event-id': 'x' } })).status).toBe(422);
      const local = await place.raw(path, { headers: bearer('owner') }, { local: true });
      expect(await local.json()).toMatchObject({ code: 'CW_REQUEST_INVALID' });
    });

    it('are followed by so many of one token', async () => {
      const open = [];
      for (let i = 0; i < 5; i++) open.push(await tail('/events/tail', bearer('auditor')));
      expect((await place.raw('/events/tail', { headers: bearer('auditor') })).status).toBe(503);
      for (const one of open) await one.stop();
      await (await tail('/events/tail', bearer('auditor'))).stop();
    });

    it('are no longer followed when token, session or role are taken away', async () => {
      const { tokens, roles, adminSessions, sessions } = place.services;
      const expiresAt = place.now + 1_000_000;
      const token = await tokens.issue({ kind: 'api', name: 'gone', role: 'auditor', createdBy: 'test', expiresAt });
      const user = 'follower@corp.example';
      const { session } = await sessions.begin(
        { user, displayName: user, groups: [], ou: null, nameId: user, sessionIndex: null, notAfter: null },
        '10.0.0.1',
        3_600_000,
      );
      const role = await roles.assign({ kind: 'user', name: user }, 'auditor', 'test');
      const began = await adminSessions.begin({ user, displayName: user, provedAt: place.now }, session.id, '10.0.0.1');
      const other = await adminSessions.begin({ user, displayName: user, provedAt: place.now }, session.id, '10.0.0.1');
      const cookie = (text: string) => ({ cookie: `__Host-cw-admin=${text}` });
      const quiet = '/events/tail?filter[decision]=none';
      const follows = [
        {
          one: await tail(quiet, { authorization: `Bearer ${token.token}` }),
          end: () => tokens.revoke(['api'], token.id),
        },
        { one: await tail(quiet, cookie(other.token)), end: () => adminSessions.end(other.session.id) },
        { one: await tail(quiet, cookie(began.token)), end: () => roles.remove(role.id) },
      ];
      for (const { one, end } of follows) {
        await end();
        const from = performance.now();
        expect(await one.until(2)).toEqual(['end']);
        expect(performance.now() - from).toBeLessThan(2_000);
      }
    });

    it('tell what administrators did, with its reference, and what came of it', async () => {
      const done = await place.send('PUT', '/tags/told', { body: {}, headers: { 'if-none-match': '*' } });
      const reference = done.headers.get('x-request-id') ?? '';
      const told = await items(`/events?filter[kind]=audit&filter[decision]=${encodeURIComponent(reference)}&sort=at`);
      expect(told).toMatchObject([
        { verb: 'PUT /tags/{name}', path: '/tags/told', user: 'token owner', verdict: { why: 'begun' } },
        { verdict: { action: 'allow', why: 'done' } },
      ]);
      const refused = await place.send('PUT', '/tags/told', { as: 'auditor', body: {} });
      const { reference: second } = refused.body;
      expect(await items(`/events?filter[decision]=${encodeURIComponent(second)}`)).toMatchObject([
        { kind: 'audit', verdict: { action: 'block', why: 'CW_FORBIDDEN' } },
      ]);
    });
  });

  it('what cannot be told of as an event is not audited, and so not done', async () => {
    const { audit, database } = place.services;
    const entry = {
      actor: 'a',
      actorKind: 'token',
      actorId: '',
      address: '',
      action: 'x'.repeat(10),
      target: 'atomic',
      reference: 'r',
      detail: '',
    };
    await database.write.schema.alterTable('event').renameColumn('words', 'words2').execute();
    await expect(audit.begin(entry)).rejects.toMatchObject({ code: 'CW_STORE_FAILED' });
    await database.write.schema.alterTable('event').renameColumn('words2', 'words').execute();
    expect((await audit.list({ limit: 5, sort: '-at', target: 'atomic' })).items).toEqual([]);
  });

  it('alerts count what happens again, until they are acknowledged or end', async () => {
    const { alerts } = place.services;
    const broken = { rule: 'break-glass', pop: '', subject: 'owner', message: 'made' } as const;
    for (const message of ['made', 'used']) {
      await alerts.raise({ ...broken, message });
      place.now += 10;
    }
    const [alert] = await items('/alerts?filter[rule]=break-glass&filter[state]=open');
    expect(alert).toMatchObject({ subject: 'owner', severity: 'critical', count: 2, message: 'used', revision: 2 });
    expect(alert?.['lastAt']).toBe(Number(alert?.['firstAt']) + 10);
    const { id = '' } = alert ?? {};
    expect(await items(`/events?filter[kind]=alert&filter[decision]=${id}`)).toMatchObject([
      { path: 'raised break-glass owner: made' },
    ]);
    const acknowledge = (headers: Record<string, string> = {}) =>
      place.send('POST', `/alerts/${id}/acknowledge`, { as: 'helpdesk', headers });
    expect((await acknowledge({ 'if-match': '"1"' })).status).toBe(412);
    expect((await acknowledge()).body).toMatchObject({ state: 'acknowledged', acknowledgedBy: 'token helpdesk' });
    expect((await acknowledge()).status).toBe(409);
    await alerts.raise(broken);
    expect(await items('/alerts?filter[rule]=break-glass&sort=-firstAt')).toMatchObject([{ count: 1 }, { count: 2 }]);

    const lost = { rule: 'publisher-lost', pop: 'pop_x', subject: 'north' } as const;
    await alerts.raise({ ...lost, message: 'no tunnel' });
    expect(await alerts.lasting('pop_x')).toEqual([lost]);
    expect(await alerts.lasting('pop_y')).toEqual([]);
    await alerts.resolve(lost);
    await alerts.resolve(lost);
    expect(await items('/alerts?filter[state]=resolved')).toMatchObject([{ subject: 'north', resolvedAt: place.now }]);
    expect((await items('/events?filter[kind]=alert&q=resolved')).length).toBe(1);
    expect((await place.send('GET', `/alerts/${id}`)).body.id).toBe(id);
    expect((await place.send('GET', '/alerts/none')).status).toBe(404);
  });

  it('alerts raised at once by many are one', async () => {
    const raised = { rule: 'login-failures', pop: '', subject: '10.3.3.3', message: 'many' } as const;
    await Promise.all(Array.from({ length: 8 }, () => place.services.alerts.raise(raised)));
    expect(await items('/alerts?filter[rule]=login-failures')).toMatchObject([{ subject: '10.3.3.3' }]);
  });

  it('incidents are made by inspection, redacted, worked on with If-Match, and audited', async () => {
    const { incidents } = place.services;
    const { id } = await incidents.open(FOUND);
    const [listed] = await items('/incidents?filter[decision]=d-leak&filter[user]=ann@CORP.example&filter[state]=open');
    expect(listed).toMatchObject({
      id,
      matches: [{ identifier: 'card-number', count: 7, excerpts: ['•••• •••• •••• 1111', '• •'] }],
      file: { name: 'cards.csv', size: 10 },
    });
    expect(await items('/events?filter[decision]=d-leak')).toMatchObject([
      { kind: 'incident', path: `incident ${id}`, verdict: { action: 'block', rule: 'staff' }, app: 'wiki' },
    ]);
    const path = `/incidents/${id}`;
    const body = { state: 'in-review', assignee: 'Sec@corp.example', note: 'looks real' };
    expect((await place.send('PATCH', path, { body })).status).toBe(428);
    const changed = await place.send('PATCH', path, { body, headers: { 'if-match': '"1"' } });
    expect(changed.body).toMatchObject({
      state: 'in-review',
      revision: 2,
      notes: [{ by: 'token owner', text: 'looks real' }],
    });
    expect((await place.send('PATCH', path, { body, headers: { 'if-match': '"1"' } })).status).toBe(412);
    const closed = { state: 'false-positive', assignee: null };
    await place.send('PATCH', path, { body: closed, headers: { 'if-match': '"2"' } });
    expect((await place.send('GET', path)).body).toMatchObject({ state: 'false-positive', assignee: null });
    expect((await place.send('PATCH', path, { body: {}, headers: { 'if-match': '*' } })).status).toBe(422);
    expect((await place.send('GET', path, { as: 'helpdesk' })).status).toBe(403);
    expect((await place.send('PATCH', path, { as: 'auditor', body: closed })).status).toBe(403);
    const { items: audited } = await place.services.audit.list({
      limit: 9,
      sort: '-at',
      action: 'PATCH /incidents/{id}',
    });
    expect(audited.some(({ detail }) => detail.includes('looks real'))).toBe(true);
  });

  it('incidents and events hide what privacy hides', async () => {
    const { incidents } = place.services;
    const privacy = { pseudonymiseUser: true, dropPath: true, dropOwner: true };
    const change = { kind: 'settings', name: 'default', op: 'put', body: { events: privacy } };
    await place.send('POST', '/apply', { body: { changes: [change], publish: true } });
    const { id } = await incidents.open({ ...FOUND, decision: 'd-hidden' });
    const seen = JSON.stringify([
      (await place.send('GET', `/incidents/${id}`)).body,
      await items('/events?filter[decision]=d-hidden'),
    ]);
    expect(seen).toContain('"user":"p_');
    expect(seen).not.toMatch(/ann@corp|cards.csv|"d_1"/i);
    const restored = { ...change, body: {} };
    await place.send('POST', '/apply', { body: { changes: [restored], publish: true } });
  });
}
