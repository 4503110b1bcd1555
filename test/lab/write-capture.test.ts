import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { ROOT } from '../harness/program.ts';
import { CAPTURE, lacking, NAMESPACES, PING } from '../harness/requirements.ts';
import { namespacesRefused } from './namespaces.ts';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'causeway-capture-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Every flow with corp: protocol, where to, what rule. Ports of user and counts are not the same every time. */
async function flowsIn(file: string): Promise<string[]> {
  const { stdout } = await run(process.execPath, [`${ROOT}wasm-core/examples/classify-pcap.mjs`, file]);
  const rows = stdout.split('\n').map((line) => line.split(/ {2,}/));
  return rows.flatMap(([protocol, , to = '', ...rest]) =>
    /215:?.?2/.test(to) ? [`${protocol} ${to} ${rest[3]}`] : [],
  );
}

const refused = await namespacesRefused();

test.skipIf(lacking('the capture of the examples', NAMESPACES, CAPTURE, PING) || refused !== null)(
  'the capture of the examples can be made again, also on one device and with nanoseconds',
  async () => {
    const file = join(folder, 'ethernet.pcap');
    const words = ['-i', 'to-gate', '--time-stamp-precision', 'nano'];
    await run(process.execPath, [`${ROOT}test/lab/write-capture.ts`, file, ...words]);
    const committed = await flowsIn(`${ROOT}wasm-core/examples/browsing.pcap`);
    expect(await flowsIn(file)).toEqual(committed);
    expect(committed).toHaveLength(9);
  },
);
