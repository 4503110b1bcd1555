import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { newMasterKeyText, parseMasterKey } from './master-key.ts';
import { makeMasterKeyFile, readMasterKey } from './master-key-source.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'causeway-key-'));
  file = join(folder, 'master.key');
});
afterEach(() => rmSync(folder, { recursive: true }));

const text = newMasterKeyText();
const { id } = parseMasterKey(text, 'test');
const node = (script: string): { command: string[] } => ({ command: [process.execPath, '-e', script] });

test('the same key is read from a file, a variable and a program, in any of its spellings', async () => {
  for (const spelling of [text, ` ${text}\n`, text.replaceAll('+', '-').replaceAll('/', '_').slice(0, 43)]) {
    writeFileSync(file, spelling, { mode: 0o600 });
    expect((await readMasterKey({ file }))?.id).toBe(id);
  }
  const hex = Buffer.from(text, 'base64').toString('hex');
  expect((await readMasterKey({ env: 'KEY' }, { environment: { KEY: hex } }))?.id).toBe(id);
  const printed = node(`process.stdout.write(${JSON.stringify(text)})`);
  expect((await readMasterKey(printed))?.id).toBe(id);
});

test('one that is not there is none', async () => {
  expect(await readMasterKey({ file })).toBeNull();
  expect(await readMasterKey({ env: 'KEY' }, { environment: {} })).toBeNull();
  expect(await readMasterKey({ env: 'KEY' }, { environment: { KEY: '' } })).toBeNull();
});

test('what is no key is refused without being shown', async () => {
  for (const wrong of ['hunter2', text.slice(1), `${text}${text}`, 'x'.repeat(5_000)]) {
    writeFileSync(file, wrong, { mode: 0o600 });
    const refusal = await readMasterKey({ file }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'CW_MASTER_KEY_INVALID' });
    expect(String(refusal)).not.toContain(wrong);
  }
  await expect(readMasterKey({ file: folder })).rejects.toMatchObject({ code: 'CW_MASTER_KEY_INVALID' });
});

test('a file that everybody may read is refused', async () => {
  writeFileSync(file, text);
  chmodSync(file, 0o644);
  await expect(readMasterKey({ file })).rejects.toThrow(/chmod 600/);
});

test('a file is made for its owner alone, and never over another', () => {
  const made = makeMasterKeyFile(file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(parseMasterKey(readFileSync(file, 'utf8'), file).id).toBe(made.id);
  expect(() => makeMasterKeyFile(file)).toThrow(expect.objectContaining({ code: 'CW_MASTER_KEY_INVALID' }));
  expect(parseMasterKey(readFileSync(file, 'utf8'), file).id).toBe(made.id);
});

test('a program that fails, floods, hangs or does not exist says so', async () => {
  const code = 'CW_MASTER_KEY_INVALID';
  await expect(readMasterKey(node('console.error("no vault"); process.exit(3)'))).rejects.toMatchObject({
    code,
    message: expect.stringMatching(/ended with 3; it says: no vault$/),
  });
  await expect(readMasterKey(node('for (;;) console.log("x".repeat(1000))'))).rejects.toThrow(/more than 4096/);
  await expect(readMasterKey({ command: ['/nonexistent'] })).rejects.toMatchObject({ code });
});

test('a program that hangs is ended with what it started', async () => {
  const pidFile = join(folder, 'pid');
  // The child of the shell holds the pipe too.
  const command = ['sh', '-c', `sleep 600 & echo $! > ${pidFile}; wait`];
  await expect(readMasterKey({ command }, { commandMs: 300 })).rejects.toThrow(/longer than 300 ms/);
  const pid = Number(readFileSync(pidFile, 'utf8'));
  await vi.waitFor(() => expect(ended(pid)).toBe(true), { timeout: 5_000 });
});

/** Gone, or a zombie that nobody has waited for. */
function ended(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return true;
  }
}

test('words of a shell are arguments', async () => {
  const printed = { command: ['printf', '%s', '$(id)'] };
  await expect(readMasterKey(printed)).rejects.toThrow(/holds no master key/);
});
