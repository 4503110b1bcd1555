import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadConfig } from './load.ts';

const HEAD = `domains: { access: apps.example, identity: id.example, tunnel: tunnel.example }
identityProvider: { metadata: idp.xml }
events:
  export:
`;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'causeway-config-'));
  for (const name of ['idp.xml', 'hook.secret', 'ca.pem']) writeFileSync(join(folder, name), 'x');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const load = (...exports: string[]) => {
  const file = join(folder, 'causeway.yaml');
  writeFileSync(file, HEAD + exports.map((one) => `    - ${one}\n`).join(''));
  return loadConfig(file);
};

test('files of exports are relative to the configuration, and what is absent has its default', async () => {
  const { events } = await load(
    '{ type: file, name: a, path: out.ndjson }',
    '{ type: syslog, name: b, server: "logs.example:6514", ca: ca.pem }',
    '{ type: webhook, name: c, url: "https://hook.example/in", secret: hook.secret }',
  );
  expect(events.export).toEqual([
    { type: 'file', name: 'a', path: join(folder, 'out.ndjson'), maxBytes: 100_000_000, keep: 10 },
    { type: 'syslog', name: 'b', server: 'logs.example:6514', ca: join(folder, 'ca.pem') },
    { type: 'webhook', name: 'c', url: 'https://hook.example/in', secret: join(folder, 'hook.secret') },
  ]);
});

test.each([
  [
    'two of a name',
    ['{ type: file, name: a, path: x }', '{ type: file, name: a, path: y }'],
    'another export has this name',
  ],
  ['plain HTTP', ['{ type: webhook, name: c, url: "http://h/", secret: hook.secret }'], 'an https:// URL'],
  [
    'a secret that is not there',
    ['{ type: webhook, name: c, url: "https://h/", secret: none }'],
    'events.export[0].secret',
  ],
  ['an unknown type', ['{ type: kafka, name: c }'], 'events.export[0].type'],
])('%s is refused', async (_, exports, message) => {
  await expect(load(...exports)).rejects.toThrow(message);
});
