import { copyFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { causeway } from '../harness/dev-pop.ts';
import { endAll } from '../harness/end-all.ts';
import { expectNoLeftovers } from '../harness/leftovers.ts';
import { ALLOW_ALL, PUBLISHER, webApp } from '../harness/pop-config.ts';
import { awaitPublisher, startPop } from '../harness/pop.ts';
import { ROOT, runProgram } from '../harness/program.ts';
import { startSite, type Site } from '../harness/site.ts';

interface Keys {
  readonly dataKey: string;
  readonly masterKeys: readonly { readonly id: string; readonly inUse: boolean }[];
}

describe('backup and restore of a running PoP', () => {
  let site: Site;
  let copy: string;
  beforeAll(async () => {
    site = await startSite({
      name: 'backup',
      apps: [webApp({ name: 'intranet', host: '127.0.0.1', port: 1 })],
      rules: ALLOW_ALL,
      allow: ['127.0.0.1:1'],
    });
    copy = join(site.folder.path, 'copy');
  });
  afterAll(() =>
    endAll(
      () => site?.stop(),
      () => expectNoLeftovers(),
    ),
  );

  /** As a person types it; what it prints on both. */
  const run = async (...args: string[]): Promise<{ code: number | null; text: string }> => {
    const { code, out, err } = await runProgram({
      name: `causeway ${args.join(' ')}`,
      command: process.execPath,
      args: [`${ROOT}proxy/src/cli/causeway.ts`, ...args],
    });
    return { code, text: out + err };
  };
  const at = (name: string): string => join(site.folder.path, name);

  test('keys are rotated and the master key is changed while it runs', async () => {
    const { data } = site.pop;
    const before = (await causeway(data, 'rotate-keys', '--list')).json as Keys;
    const after = (await causeway(data, 'rotate-keys')).json as Keys;
    expect(after.dataKey).not.toBe(before.dataKey);
    expect(after.masterKeys.map(({ id }) => id)).toEqual(before.masterKeys.map(({ id }) => id));

    const fresh = at('fresh.key');
    writeFileSync(fresh, Buffer.alloc(32, 7).toString('base64'), { mode: 0o600 });
    const both = (await causeway(data, 'rotate-keys', '--add-master', fresh)).json as Keys;
    expect(both.masterKeys.map(({ inUse }) => inUse)).toEqual([true, false]);
    copyFileSync(fresh, join(data, 'master.key'));
    await site.restartPop();
    const old = both.masterKeys[0]?.id ?? '';
    const one = (await causeway(data, 'rotate-keys', '--remove-master', old)).json as Keys;
    expect(one.masterKeys).toEqual([expect.objectContaining({ id: both.masterKeys[1]?.id, inUse: true })]);
    expect((await site.pop.status()).publishers).toMatchObject([{ name: PUBLISHER, enrolled: true }]);
  });

  test('into an empty folder: the same CA, and the publisher goes on with its certificate', async () => {
    const { data, ca } = site.pop;
    const file = at('pop.backup');
    const made = await causeway(data, 'backup', file);
    expect(made).toMatchObject({ code: 0, json: { dialect: 'sqlite', events: true, rows: { publisher: 1 } } });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const [again, check, locked] = await Promise.all([
      run('backup', file, '--data', data),
      run('restore', file, '--check'),
      run('restore', file, '--data', data),
    ]);
    expect(again.text).toContain('overwrites nothing');
    expect(check.text).toContain('is whole');
    expect(locked.text).toContain('CW_DATA_LOCKED');
    const root = readFileSync(ca);
    await site.pop.stop();

    const restored = await run('restore', file, '--data', copy);
    expect(restored.code).toBe(0);
    expect(restored.text).toContain('before the PoP starts, bring master key mk_');
    expect((await run('restore', file, '--data', copy)).text).toContain('CW_RESTORE_NOT_EMPTY');
    const lost = await run('pop', '--config', site.configFile, '--data', copy);
    expect(lost.text).toContain('CW_MASTER_KEY_MISSING');
    expect(lost.code).toBe(78);
    expect(existsSync(join(copy, 'master.key'))).toBe(false);

    copyFileSync(join(data, 'master.key'), join(copy, 'master.key'));
    site.pop = await startPop({ configFile: site.configFile, data: copy });
    expect(readFileSync(site.pop.ca)).toEqual(root);
    await awaitPublisher(copy, PUBLISHER, 1, site.publisher);
  });

  test('a damaged one, or one for another master key, changes nothing', async () => {
    const bytes = readFileSync(at('pop.backup'));
    const half = at('half.backup');
    writeFileSync(half, bytes.subarray(0, bytes.length / 2));
    const key = at('other.key');
    writeFileSync(key, Buffer.alloc(32, 9).toString('base64'), { mode: 0o600 });
    const config = site.folder.file('other.yaml', { ...site.config, masterKey: { file: 'other.key' } });
    const [damaged, wrong] = await Promise.all([
      run('restore', half, '--data', at('third')),
      run('restore', at('pop.backup'), '--data', at('fourth'), '--config', config),
    ]);
    expect(damaged.text).toContain('CW_BACKUP_DAMAGED');
    expect(existsSync(at('third'))).toBe(false);
    expect(wrong.text).toContain('CW_MASTER_KEY_WRONG');
    expect(existsSync(at('fourth'))).toBe(false);
  });
});
