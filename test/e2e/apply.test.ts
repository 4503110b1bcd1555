import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDevIdp } from '../harness/dev-idp.ts';
import { endAll } from '../harness/end-all.ts';
import type { IdentityProvider } from '../harness/identity-provider.ts';
import { expectNoLeftovers } from '../harness/leftovers.ts';
import { popConfig, SITE_DOMAINS } from '../harness/pop-config.ts';
import { startPop, temporaryFolder, type Folder, type Pop } from '../harness/pop.ts';
import { freePorts } from '../harness/ports.ts';
import { ROOT, runProgram } from '../harness/program.ts';
import { lacking } from '../harness/requirements.ts';

const OFFICE = 'kind: publishers\nname: office\nspec: { description: the one downstairs }\n';
const WIKI = `kind: apps
name: wiki
spec:
  hosts: [wiki.corp.example]
  ports: [tcp/80]
  publishers: [office]
  clientless: { urls: [wiki.${SITE_DOMAINS.access}], upstream: { host: wiki.corp.example, port: 80 } }
`;
const RULES = `kind: rules
name: not-eve
spec: { users: [eve@corp.example], apps: [wiki], action: block, notice: Not for Eve. }
---
kind: rules
name: employees
spec: { groups: [employees], action: allow }
`;

/** The way of an administrator who has objects in a folder and a PoP that knows none. */
describe.skipIf(lacking('causeway apply', ['openssl']))('objects from a folder, over the admin API', () => {
  let folder: Folder;
  let idp: IdentityProvider;
  let pop: Pop;
  let objects: string;
  let admin: readonly string[];
  let first: number;

  beforeAll(async () => {
    folder = temporaryFolder('apply');
    const [port = 0, operationsPort = 0] = await freePorts(2);
    const login = `https://login.${SITE_DOMAINS.identity}:${port}`;
    idp = await startDevIdp({ folder, sp: { entityId: `${login}/saml/metadata`, acsUrl: `${login}/saml/acs` } });
    const metadata = folder.file('idp.xml', idp.metadata);
    const { publishers: _publishers, ...deployment } = popConfig({
      port,
      operationsPort,
      apps: [],
      rules: [],
      metadata,
    });
    const configFile = folder.file('causeway.yaml', { ...deployment, apps: [], rules: [] });
    pop = await startPop({ configFile, data: join(folder.path, 'pop') });

    objects = join(folder.path, 'objects');
    mkdirSync(join(objects, 'rules'), { recursive: true });
    folder.file('objects/10-office.yaml', OFFICE);
    folder.file('objects/20-wiki.yaml', WIKI);
    folder.file('objects/rules/all.yaml', RULES);
    const token = (await causeway('setup', '--owner')).out.trim();
    const tokenFile = folder.file('token', `${token}\n`);
    chmodSync(tokenFile, 0o600);
    admin = ['--url', `https://admin.${SITE_DOMAINS.identity}:${port}`, '--token', tokenFile, '--ca', pop.ca];
  });
  afterAll(() =>
    endAll(
      () => pop?.stop(),
      () => idp?.stop(),
      () => folder?.forget(),
      () => expectNoLeftovers(),
    ),
  );

  async function causeway(...args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> {
    return runProgram({
      name: `causeway ${args.join(' ')}`,
      command: process.execPath,
      args: [`${ROOT}proxy/src/cli/causeway.ts`, ...args, '--data', join(folder.path, 'pop')],
    });
  }
  const explained = async (person: string): Promise<string> =>
    (await causeway('explain', person, 'wiki.corp.example:80', '--group', 'employees')).out.split('\n')[0] ?? '';

  test('a dry run shows the differences and changes nothing', async () => {
    const { code, out } = await causeway('apply', '-f', objects, '--dry-run', ...admin);
    expect(code).toBe(0);
    for (const line of [
      '+ publishers/office',
      '+ apps/wiki',
      '    ports: ["tcp/80"]',
      '+ rules/not-eve',
      '4 created',
    ]) {
      expect(out.split('\n')).toContain(line);
    }
  });

  test('what is applied is in force, in its order', async () => {
    const { code, out } = await causeway('apply', '-f', objects, '--comment', 'the wiki', '--json', ...admin);
    expect(code).toBe(0);
    const applied = JSON.parse(out) as { snapshot: number; outcomes: { outcome: string }[] };
    expect(applied.outcomes.map(({ outcome }) => outcome)).toEqual(Array(4).fill('created'));
    first = applied.snapshot;
    const [ada, eve, again] = await Promise.all([
      explained('ada@corp.example'),
      explained('eve@corp.example'),
      causeway('diff', '-f', objects, ...admin),
    ]);
    expect(ada).toBe(`ALLOW: ada@corp.example → wiki (configuration ${first})`);
    expect(eve).toContain('BLOCK');
    expect(again.out).toBe('4 unchanged');
  });

  test('what is refused names the line, changes nothing, and the exit says that a file is wrong', async () => {
    const rules = folder.file('wrong.yaml', RULES.replace('[wiki]', '[wikki]').replace('Not for Eve', 'Never for Eve'));
    const { code, err } = await causeway('apply', '-f', rules, ...admin);
    expect(code).toBe(78);
    expect(err).toMatch(/CW_\w+.*\n.*rules\/not-eve apps\[0\]: .*wikki.*\(wrong\.yaml:3:\d+\)/);
    expect((await causeway('get', 'rules', 'not-eve', ...admin)).out).toContain('notice: Not for Eve.');
  });

  test('a changed file is a difference of one field; an earlier configuration comes back', async () => {
    const open = folder.file('open.yaml', 'kind: rules\nname: not-eve\nspec: { users: [nobody], action: block }\n');
    const changed = (await causeway('apply', '-f', open, ...admin)).out;
    expect(changed).toContain('users: + "nobody"');
    expect(changed).toContain(`configuration ${first + 1} is in force`);

    expect((await causeway('snapshots', ...admin)).out).toMatch(new RegExp(`^${first} .* the wiki$`, 'm'));
    const { code, out } = await causeway('restore', String(first), ...admin);
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('~ rules/not-eve') });
    expect(await explained('eve@corp.example')).toContain('BLOCK');
  });

  test('beside the PoP it goes without a token; what is got can be applied, and deleted', async () => {
    const { out, err } = await causeway('get', 'rules', 'employees');
    expect(err).toContain('break-glass');
    const again = folder.file('again.yaml', out);
    expect((await causeway('apply', '-f', again, '--dry-run')).out).toContain('1 unchanged');
    expect((await causeway('delete', 'rules', 'employees', ...admin)).code).toBe(0);
    expect(await explained('ada@corp.example')).not.toContain('ALLOW');
  });

  test('an unknown token gets nothing', async () => {
    const wrong = folder.file('wrong-token', `cwt_${'x'.repeat(43)}`);
    chmodSync(wrong, 0o600);
    const refused = await causeway('get', 'apps', '--url', admin[1] ?? '', '--ca', pop.ca, '--token', wrong);
    expect(refused).toMatchObject({ code: 77, err: expect.stringContaining('CW_UNAUTHENTICATED') });
  });
});
