import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configSchema, type ConfigInput } from '../../config/schema.ts';
import { memorySecrets } from '../sealing/fixtures/memory-secrets.ts';
import { openCa, type Ca } from './ca.ts';
import { serverCertificates, type WebNames } from './web-certificates.ts';

const DAY = 86_400_000;
const start = Date.UTC(2030, 0, 1);
let clock = start;
let folder = '';
const secrets = memorySecrets();
let ca: Ca;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'causeway-web-'));
  ca = await openCa(secrets, () => clock);
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

const config = (more: Partial<ConfigInput> = {}): WebNames => {
  const deployment = configSchema.parse({
    domains: { access: 'apps.example', identity: 'id.example', tunnel: 'tunnel.example' },
    identityProvider: { metadata: 'idp.xml' },
    ...more,
  });
  return { deployment, apps: deployment.apps, custom: [] };
};
const app = (url: string): NonNullable<ConfigInput['apps']>[number] => ({
  name: 'wiki',
  hosts: ['wiki.example'],
  ports: ['tcp/80'],
  publishers: ['dc1'],
  clientless: { urls: [url], upstream: { host: 'wiki.example', port: 80 } },
});
const covers = (cert: string, host: string): boolean => new X509Certificate(cert).checkHost(host) !== undefined;

test('certificates cover their domains, are kept, and renewed after two thirds of their life', async () => {
  const first = await serverCertificates(secrets, ca, config(), clock);
  expect(covers(first.access.cert, 'wiki.apps.example')).toBe(true);
  expect(covers(first.access.cert, 'apps.example')).toBe(true);
  expect(covers(first.identity.cert, 'login.id.example')).toBe(true);
  expect(covers(first.identity.cert, 'admin.id.example')).toBe(true);
  expect(covers(first.identity.cert, 'wiki.apps.example')).toBe(false);
  expect(covers(first.tunnel.cert, 'w0.tunnel.example')).toBe(true);
  expect(first.tunnel.cert.endsWith(ca.certificate)).toBe(true);
  expect(Math.round((first.renewAt - start) / DAY)).toBe(20);

  clock = first.renewAt - 1;
  expect(await serverCertificates(secrets, ca, config(), clock)).toEqual(first);
  clock = first.renewAt;
  const second = await serverCertificates(secrets, ca, config(), clock);
  for (const kind of ['access', 'identity', 'tunnel'] as const) expect(second[kind].cert).not.toBe(first[kind].cert);
  expect(Math.round((second.renewAt - clock) / DAY)).toBe(20);
  expect(await serverCertificates(secrets, ca, config(), clock)).toEqual(second);
});

test('a custom URL further down brings a certificate that covers it', async () => {
  const before = await serverCertificates(secrets, ca, config({ apps: [app('wiki.apps.example')] }), clock);
  const { access, tunnel } = await serverCertificates(
    secrets,
    ca,
    config({ apps: [app('a.wiki.apps.example')] }),
    clock,
  );
  expect(covers(before.access.cert, 'a.wiki.apps.example')).toBe(false);
  expect(covers(access.cert, 'a.wiki.apps.example')).toBe(true);
  expect(tunnel).toEqual(before.tunnel);
});

test('files of the configuration are used, checked, and read again', async () => {
  const write = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
  const mine = await ca.issueServer({ names: ['*.apps.example', 'apps.example'], days: 10 });
  const files = { cert: await write('a.pem', mine.cert), key: await write('a.key', mine.key) };
  const good = await serverCertificates(secrets, ca, config({ certificates: { access: files } }), clock);
  expect(good.access).toEqual({ cert: mine.cert, key: mine.key });
  expect(good.warnings).toEqual([]);
  expect(good.renewAt).toBe(clock + DAY / 2);

  const identity = await serverCertificates(
    secrets,
    ca,
    config({ certificates: { identity: files } }),
    clock + 11 * DAY,
  );
  expect(identity.warnings).toEqual([
    expect.stringMatching(/^certificates\.identity: expired on /),
    'certificates.identity: does not cover login.id.example',
    'certificates.identity: does not cover admin.id.example',
  ]);

  const other = await ca.issueServer({ names: ['*.apps.example'], days: 10 });
  const torn = {
    cert: await write('torn.pem', `${mine.cert}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`),
    key: files.key,
  };
  await expect(
    serverCertificates(secrets, ca, config({ certificates: { access: torn } }), clock),
  ).rejects.toMatchObject({
    code: 'CW_CONFIG_INVALID',
  });
  for (const [name, text] of [
    ['b.key', other.key],
    ['c.key', 'nonsense'],
  ] as const) {
    const wrong = { cert: files.cert, key: await write(name, text) };
    await expect(
      serverCertificates(secrets, ca, config({ certificates: { access: wrong } }), clock),
    ).rejects.toMatchObject({ code: 'CW_CONFIG_INVALID', message: expect.stringMatching(/^certificates\.access: /) });
  }
});
