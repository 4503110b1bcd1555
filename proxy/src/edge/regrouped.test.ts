import type { IncomingMessage } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeCa } from './fakes/ca.ts';
import { FakeControl } from './fakes/control.ts';
import { EdgeProcess, signedIn } from './fakes/edge-process.ts';
import { FakeOrigin } from './fakes/origin.ts';
import { FakePeer, toPort } from './fakes/publisher.ts';
import { secretsOf, snapshotOf } from './fakes/snapshot.ts';

const HOST = 'intranet.causeway.localhost';
const CONFIGURATION = {
  apps: [
    {
      name: 'intranet',
      hosts: ['intranet.corp.example'],
      ports: ['tcp/80'],
      publishers: ['hq'],
      clientless: { urls: [HOST], upstream: { host: 'intranet.corp.example', port: 80 } },
    },
  ],
  rules: [{ name: 'group', groups: ['staff'], action: 'allow' as const }],
};

let ca: FakeCa;
let control: FakeControl;
let edge: EdgeProcess;

beforeEach(async () => {
  ca = await FakeCa.create();
  control = new FakeControl(snapshotOf(1, CONFIGURATION), await secretsOf(ca));
  await control.listen();
  edge = await EdgeProcess.start(control, {});
  await edge.wait('ready');
});

afterEach(async () => {
  await edge.stop();
  await control.close();
});

/** What a provider changes by SCIM reaches what is open. */
test('somebody who leaves a group loses what it gave, at once, and others of the app do not', async () => {
  control.answers['tunnel.peer'] = ({ id }) => ({ kind: 'publisher', id, name: 'hq', apps: [] });
  const origin = await FakeOrigin.listen();
  const publisher = await FakePeer.dial({
    port: edge.port,
    ca,
    identity: await ca.publisher('p1'),
    onOpen: toPort(() => origin.port),
  });
  await publisher.hello();
  await publisher.wait('assign');
  const leaving = signedIn('alice', HOST, { groups: ['staff'], session: 's_1' });
  const staying = signedIn('bob', HOST, { groups: ['staff'], session: 's_2' });
  const open = async ({ grant, cookie }: typeof leaving): Promise<IncomingMessage> => {
    await control.grant(grant);
    const request = edge.request(HOST, '/endless', { headers: { cookie } });
    const answer = await new Promise<IncomingMessage>((resolve) => request.once('response', resolve).end());
    return answer.on('error', () => undefined).resume();
  };
  const download = await open(leaving);
  const other = await open(staying);
  const closed = new Promise((resolve) => download.once('close', resolve));
  const before = performance.now();
  await control.grant({ ...leaving.grant, principal: { ...leaving.grant.principal, groups: ['guests'] } });
  await closed;
  expect(performance.now() - before).toBeLessThan(1_000);
  expect(other.destroyed).toBe(false);
  expect((await edge.fetch(HOST, '/', { headers: { cookie: leaving.cookie } })).status).toBe(404);
  await control.grant(leaving.grant);
  expect((await edge.fetch(HOST, '/', { headers: { cookie: leaving.cookie } })).status).toBe(200);
  other.destroy();
  publisher.tunnel.destroy();
  await origin.close();
});

test('the device of somebody who was deactivated is refused, with the reason', async () => {
  control.answers['tunnel.peer'] = ({ id }) => ({
    kind: 'device',
    id,
    name: id,
    principal: {
      user: 'bob',
      displayName: 'bob',
      groups: ['staff'],
      method: 'agent',
      authenticatedAt: 1,
      session: `device:${id}`,
    },
  });
  const device = await FakePeer.dial({ port: edge.port, ca, identity: await ca.device('d1') });
  const other = await FakePeer.dial({ port: edge.port, ca, identity: await ca.device('d2') });
  const third = await FakePeer.dial({ port: edge.port, ca, identity: await ca.device('d3') });
  for (const peer of [device, other, third]) {
    await peer.hello('agent');
    await peer.wait('steer');
  }
  await control.revoke({ suspended: ['d1'], quarantined: ['d2'] });
  expect(await device.wait('refused')).toMatchObject({ code: 'CW_PERSON_INACTIVE' });
  expect(await other.wait('refused')).toMatchObject({ code: 'CW_DEVICE_QUARANTINED' });
  expect(third.tunnel.closed).toBe(false);
  third.tunnel.destroy();
});
