import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AuditEntry } from '../admin/audit-log.ts';
import { controlLog } from '../log.ts';
import type { Database } from '../store/database.ts';
import { sqlitePlace } from '../store/fixtures/store-place.ts';
import { openDatabase } from '../store/open-database.ts';
import { keyCalls } from './key-calls.ts';
import { newMasterKeyText, parseMasterKey } from './master-key.ts';
import { masterKeyPlace, openSecrets } from './open-secrets.ts';

let place: Awaited<ReturnType<typeof sqlitePlace>>;
let database: Database;
let audited: { entry: AuditEntry; result: string }[];
let calls: ReturnType<typeof keyCalls>;
beforeEach(async () => {
  place = await sqlitePlace();
  database = await openDatabase(place.location);
  const secrets = await openSecrets({ database, place: masterKeyPlace(place.folder, undefined), now: () => 5 });
  audited = [];
  const audit = {
    begin: async (entry: AuditEntry) => audited.push({ entry, result: 'begun' }),
    end: async (id: number, result: string) => void audited.splice(id - 1, 1, { ...audited[id - 1]!, result }),
  };
  calls = keyCalls({ secrets, audit, log: controlLog('silent'), now: () => 7 });
});
afterEach(async () => {
  await database.close();
  await place.remove();
});

test('what is done to the keys, or tried, is in the audit, and never a key', async () => {
  const text = newMasterKeyText();
  const { id } = parseMasterKey(text, 'test');
  const before = await calls['admin.keys']({ do: 'list' });
  expect(audited).toEqual([]);
  const after = await calls['admin.keys']({ do: 'rotate' });
  expect(after.dataKey).not.toBe(before.dataKey);
  await calls['admin.keys']({ do: 'add', masterKey: text });
  await expect(calls['admin.keys']({ do: 'rotate' })).rejects.toMatchObject({ code: 'CW_CONFLICT' });
  await expect(calls['admin.keys']({ do: 'add', masterKey: 'none' })).rejects.toMatchObject({
    code: 'CW_MASTER_KEY_INVALID',
  });
  expect((await calls['admin.keys']({ do: 'remove', id })).masterKeys).toHaveLength(1);
  expect(audited.map(({ entry, result }) => [entry.action, entry.target, result])).toEqual([
    ['keys rotate', '', 'done'],
    ['keys add', '', 'done'],
    ['keys rotate', '', 'CW_CONFLICT'],
    ['keys add', '', 'CW_MASTER_KEY_INVALID'],
    ['keys remove', id, 'done'],
  ]);
  expect(JSON.stringify(audited)).not.toContain(text);
});
