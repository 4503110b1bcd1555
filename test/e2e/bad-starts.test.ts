import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { awaitCondition } from '../harness/await-condition.ts';
import { startDevIdp } from '../harness/dev-idp.ts';
import { endAll } from '../harness/end-all.ts';
import { expectNoLeftovers } from '../harness/leftovers.ts';
import { popConfig, PUBLISHER } from '../harness/pop-config.ts';
import { startPop, startPublisher, temporaryFolder, type Folder, type Pop } from '../harness/pop.ts';
import { freePorts } from '../harness/ports.ts';
import { ROOT, runProgram, type Exit } from '../harness/program.ts';
import type { IdentityProvider } from '../harness/identity-provider.ts';
import { lacking } from '../harness/requirements.ts';

/** Exit codes after sysexits(3), as docs/operations.md promises them. */
const EXIT = { failed: 1, usage: 64, unavailable: 69, config: 78 } as const;

type Ended = Exit & { out: string; err: string };

function causeway(...args: string[]): Promise<Ended> {
  const file = `${ROOT}proxy/src/cli/causeway.ts`;
  return runProgram({ name: `causeway ${args.join(' ')}`, command: process.execPath, args: [file, ...args] });
}

describe.skipIf(lacking('starts that must fail', ['openssl']))('starts that must fail', () => {
  let folder: Folder;
  let idp: IdentityProvider;
  let metadata: string;
  let port: number;
  let operationsPort: number;

  beforeAll(async () => {
    folder = temporaryFolder('bad-starts');
    const origin = 'https://login.site-id.localhost:1';
    idp = await startDevIdp({ folder, sp: { entityId: `${origin}/saml/metadata`, acsUrl: `${origin}/saml/acs` } });
    metadata = folder.file('idp.xml', idp.metadata);
  });
  beforeEach(async () => {
    [port = 0, operationsPort = 0] = await freePorts(2);
  });
  afterAll(() =>
    endAll(
      () => idp?.stop(),
      () => folder?.forget(),
      () => expectNoLeftovers(),
    ),
  );

  const good = (): string =>
    folder.file('good.yaml', popConfig({ port, operationsPort, apps: [], rules: [], metadata }));
  const pop = (file: string, data = 'data'): Promise<Ended> =>
    causeway('pop', '--config', file, '--data', join(folder.path, data));

  test('no configuration: its name, and exit code 78', async () => {
    const ended = await pop(join(folder.path, 'nowhere.yaml'));
    expect(ended.code).toBe(EXIT.config);
    expect(ended.err).toContain('CW_CONFIG_MISSING');
    expect(ended.err).toContain('nowhere.yaml');
  });

  test.each([
    { what: 'a misspelt key', line: 'liston: 127.0.0.1:1', says: /liston/ },
    { what: 'a value that is none', line: 'workers: many', says: /workers/ },
    {
      what: 'a rule for an app that is not there',
      line: 'rules: [{name: r, apps: [wiky], action: allow}]',
      says: /wiky/,
    },
    { what: 'broken YAML', line: 'apps: [', says: /yaml/i },
  ])('$what: every problem with its line, and exit code 78', async ({ line, says }) => {
    const lines = [
      'domains: { access: a.localhost, identity: b.localhost, tunnel: c.localhost }',
      `identityProvider: { metadata: ${metadata} }`,
      '# the third line is wrong on purpose: the fourth is not',
      line,
    ];
    const file = folder.file('wrong.yaml', `${lines.join('\n')}\n`);
    const ended = await pop(file);
    expect(ended.code).toBe(EXIT.config);
    expect(ended.err).toContain('CW_CONFIG_INVALID');
    expect(ended.err).toMatch(/wrong\.yaml:[45]\b/);
    expect(ended.err).toMatch(says);
    const checked = await causeway('config', 'validate', file);
    expect(checked.code).toBe(EXIT.config);
    expect(checked.err).toContain('CW_CONFIG_INVALID');
  });

  test('metadata of the identity provider that is not there', async () => {
    const config = popConfig({ port, operationsPort, apps: [], rules: [], metadata: join(folder.path, 'gone.xml') });
    const ended = await pop(folder.file('no-idp.yaml', config));
    expect(ended.code).toBe(EXIT.config);
    expect(ended.err + ended.out).toContain('gone.xml');
  });

  test('a port that is in use: which one, and exit code 1', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const taken = (holder.address() as AddressInfo).port;
    try {
      const config = popConfig({ port: taken, operationsPort, apps: [], rules: [], metadata });
      const ended = await pop(folder.file('taken.yaml', config));
      expect(ended.code).toBe(EXIT.failed);
      expect(ended.err).toContain('CW_PORT_IN_USE');
      expect(ended.err).toContain(String(taken));
    } finally {
      await new Promise((resolve) => holder.close(resolve));
    }
  });

  test('a verb and an option that nobody knows: exit code 64', async () => {
    for (const args of [['frobnicate'], ['pop'], ['status', '--frobnicate']]) {
      const ended = await causeway(...args);
      expect(ended.code).toBe(EXIT.usage);
      expect(ended.err).toContain('CW_USAGE');
    }
  });

  test('a verb for a PoP that does not run: exit code 69', async () => {
    const ended = await causeway('status', '--data', join(folder.path, 'nothing'));
    expect(ended.code).toBe(EXIT.unavailable);
    expect(ended.err).toContain('CW_RPC_CLOSED');
  });

  describe('beside a PoP that runs', () => {
    let running: Pop;
    beforeEach(async () => {
      running = await startPop({ configFile: good(), data: join(folder.path, 'data') });
    });
    afterEach(async () => {
      await running.stop();
    });

    test('a second PoP on its port, and one on its data folder, are refused, and the first goes on', async () => {
      const [otherPort = 0, otherOperations = 0] = await freePorts(2);
      const same = popConfig({ port, operationsPort: otherOperations, apps: [], rules: [], metadata });
      const onPort = await pop(folder.file('second.yaml', same), 'other-data');
      expect(onPort.code).toBe(EXIT.failed);
      expect(onPort.err).toContain('CW_PORT_IN_USE');
      const other = popConfig({ port: otherPort, operationsPort: otherOperations, apps: [], rules: [], metadata });
      const onData = await pop(folder.file('third.yaml', other));
      expect(onData.code).toBe(EXIT.failed);
      expect(onData.err).toContain('CW_DATA_LOCKED');
      expect((await fetch(`${running.operations}/readyz`)).status).toBe(200);
      const serves = await awaitCondition('its edge worker to be seen', async () => {
        const { edges } = await running.status();
        return edges.length > 0 && edges;
      });
      expect(serves).toHaveLength(1);
    });

    test('a publisher whose token was used, one that trusts another CA, and one without any token', async () => {
      const attempt = async (data: string, join_?: string): Promise<Ended> => {
        const publisher = startPublisher({
          allow: ['127.0.0.1:1'],
          data: join(folder.path, data),
          ...(join_ === undefined ? {} : { join: join_ }),
        });
        try {
          const exit = await Promise.race([
            publisher.exited,
            publisher
              .line('to say why not', (line) => (/CW_[A-Z_]+/.test(line) ? line : undefined), 20_000)
              .then(() => null),
          ]);
          if (exit === null) await publisher.exited;
          return { ...(await publisher.exited), out: publisher.stdout.join('\n'), err: publisher.stderr.join('\n') };
        } finally {
          await publisher.stop();
        }
      };
      const token = await running.token(PUBLISHER);
      const first = startPublisher({ allow: ['127.0.0.1:1'], data: join(folder.path, 'first'), join: token });
      try {
        await first.line('to have enrolled', (line) => /enrol|tunnel|up/i.test(line) || undefined, 20_000);
      } finally {
        await first.stop();
      }
      const used = await attempt('used', token);
      expect(used.code).not.toBe(0);
      expect(used.out + used.err).toContain('CW_TOKEN_INVALID');

      const [prefix = '', body = ''] = (await running.token(PUBLISHER)).split('.');
      const opened = JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as object;
      const altered = Buffer.from(JSON.stringify({ ...opened, ca: 'f'.repeat(64) })).toString('base64url');
      const foreign = await attempt('foreign', `${prefix}.${altered}`);
      expect(foreign.code).not.toBe(0);
      expect(foreign.out + foreign.err).toContain('CW_CA_MISMATCH');

      const none = await attempt('none');
      expect(none.code).not.toBe(0);
      expect(none.out + none.err).toContain('CW_NOT_ENROLLED');
    });
  });
});
