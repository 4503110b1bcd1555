import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { storeFile, unfinishedRestore, usableStoreFile } from './data-dir.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'causeway-data-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a new folder has no store yet, and may get one', () => {
  expect(usableStoreFile(folder)).toBe(join(folder, 'causeway.sqlite'));
});

test('a folder in which a restore was killed gets no empty store in its place', () => {
  writeFileSync(unfinishedRestore(storeFile(folder)), '');
  expect(() => usableStoreFile(folder)).toThrow(
    expect.objectContaining({ code: 'CW_DATA_UNUSABLE', message: expect.stringContaining('causeway restore again') }),
  );
  writeFileSync(storeFile(folder), '');
  expect(usableStoreFile(folder)).toBe(storeFile(folder));
});
