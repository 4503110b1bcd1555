import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FLOW_LIMITS, FlowTable, StubTable } from '@causeway/wasm-core';
import { ratioRow, type Row } from '../row.ts';
import { PlainNat } from './nat-plain.ts';

const PACKETS = 8192;
const STRIDE = 64;
const LENGTH = 40;
const CHUNKS = 40;
const BATCH = FLOW_LIMITS.batch;
const NOW = 1000;

let state = 0x2545f491;
function random32(): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>>= 0);
}

/** 12 bytes as on the wire. `nat.c` makes the same ones. */
function writeKey(view: DataView, at: number, i: number, inward: number): void {
  const server = 0xc612_0000 + (i % 4096);
  view.setUint32(at, inward === 1 ? server : 0x0a00_0000 + i);
  view.setUint32(at + 4, inward === 1 ? 0xcb00_7100 + (i >>> 16) : server);
  view.setUint16(at + 8, inward === 1 ? 443 : 1024 + (i % 60_000));
  view.setUint16(at + 10, inward === 1 ? i & 0xffff : 443);
}

/** Both keys of a flow. */
function flowKeys(i: number): DataView {
  const view = new DataView(new ArrayBuffer(24));
  writeKey(view, 0, i, 0);
  writeKey(view, 12, i, 1);
  return view;
}

/** Bare acknowledgements of random flows, from either side. Allocates nothing, or caches would be full of that. */
function fill(packets: Uint8Array, flows: number): void {
  const view = new DataView(packets.buffer, packets.byteOffset);
  packets.fill(0, 0, PACKETS * STRIDE);
  for (let at = 0; at < PACKETS * STRIDE; at += STRIDE) {
    const roll = random32();
    view.setUint32(at, 0x4500_0000 | LENGTH);
    packets[at + 9] = 6;
    writeKey(view, at + 12, (roll >>> 1) % flows, roll & 1);
    packets[at + 32] = 0x50;
    packets[at + 33] = 16;
  }
}

const descriptors = Uint32Array.from({ length: PACKETS * 2 }, (_, i) => (i % 2 === 0 ? (i / 2) * STRIDE : LENGTH));
const batches = Array.from({ length: PACKETS / BATCH }, (_, i) =>
  descriptors.subarray(i * BATCH * 2, (i + 1) * BATCH * 2),
);

/** Nanoseconds per packet. Filling is not timed, describing the packets is. */
function measure(packets: Uint8Array, flows: number, translate: (batch: Uint32Array) => number): number {
  let milliseconds = 0;
  let done = 0;
  for (let chunk = 0; chunk < CHUNKS; chunk++) {
    fill(packets, flows);
    const start = performance.now();
    for (const batch of batches) done += translate(batch);
    milliseconds += performance.now() - start;
  }
  if (done !== CHUNKS * PACKETS) throw new Error(`only ${done} packets were rewritten`);
  return (milliseconds * 1e6) / done;
}

function openAll(table: FlowTable, plain: PlainNat, flows: number): void {
  for (let i = 0; i < flows; i++) {
    const keys = flowKeys(i);
    const bytes = new Uint8Array(keys.buffer);
    const key = (at: number): Parameters<FlowTable['open']>[0] => ({
      protocol: 'tcp',
      source: bytes.subarray(at, at + 4),
      sourcePort: keys.getUint16(at + 8),
      destination: bytes.subarray(at + 4, at + 8),
      destinationPort: keys.getUint16(at + 10),
    });
    if (table.open(key(0), key(12), NOW) < 0) throw new Error('a flow was refused');
    plain.open(new Uint32Array(keys.buffer, 0, 3), new Uint32Array(keys.buffer, 12, 3), NOW);
  }
}

async function flowRows(rounds: number, flows: number, label: string, driver: string | null): Promise<Row[]> {
  const table = new FlowTable({ family: 4, capacity: flows, seed: 0x1234_5678_9abc_def0n });
  const plain = new PlainNat(flows, PACKETS * STRIDE);
  openAll(table, plain, flows);
  const answers = new Int32Array(BATCH);
  const ours: number[] = [];
  const typescript: number[] = [];
  const c: number[] = [];
  const runOurs = (): number =>
    measure(table.packets, flows, (batch) => {
      table.descriptors.set(batch);
      return table.translate(BATCH, NOW + 1);
    });
  const runPlain = (): number =>
    Math.min(
      measure(plain.packets, flows, (batch) => plain.translate(batch, answers, BATCH, NOW + 1)),
      measure(plain.packets, flows, (batch) => plain.translateGrouped(batch, answers, BATCH, NOW + 1)),
    );
  runOurs();
  runPlain();
  for (let round = 0; round < rounds; round++) {
    ours.push(runOurs());
    typescript.push(runPlain());
    if (driver !== null) c.push(Number(execFileSync(driver, [String(flows), String(CHUNKS)], { encoding: 'utf8' })));
  }
  const name = `NAT lookup + rewrite, ${label} flows`;
  const rows = [ratioRow(name, 'ns/packet', ours, { name: 'plain TypeScript', rounds: typescript }, 1 / 3)];
  if (driver !== null)
    rows.push(ratioRow(`${name} (stretch)`, 'ns/packet', ours, { name: 'C, gcc -O3 -march=native', rounds: c }, 1.5));
  return rows;
}

/** Megabytes of the WebAssembly memory of a table; what the issue allows is the peer. */
function memoryRow(family: 4 | 6, flows: number): Row {
  const table = new FlowTable({ family, capacity: flows, seed: 1n });
  const name = `memory of ${flows.toLocaleString('en')} IPv${family} flows`;
  return ratioRow(name, 'MB', [table.memoryBytes / 1e6], { name: '96 MB', rounds: [96] }, 1);
}

/** What a stub lookup takes, beside what the mere copy of its name into WebAssembly memory would. */
function stubRow(rounds: number): Row {
  const table = new StubTable();
  const names = Array.from({ length: 10_000 }, (_, i) => `host-${i}.department-${i % 50}.corp.example`);
  const memory = new Uint8Array(256);
  const encoder = new TextEncoder();
  const time = (run: (name: string) => void): number => {
    const start = performance.now();
    for (let i = 0; i < 100; i++) for (const name of names) run(name);
    return (performance.now() - start) / names.length / 100 / 1e-6;
  };
  const lookups: number[] = [];
  const copies: number[] = [];
  const lookup = (name: string): void => void table.allocate(name, NOW);
  const copy = (name: string): void => void encoder.encodeInto(name, memory);
  for (let round = -1; round < rounds; round++) {
    const [a, b] = [time(lookup), time(copy)];
    if (round < 0) continue;
    lookups.push(a);
    copies.push(b);
  }
  const peer = { name: 'only copying the name to WebAssembly', rounds: copies };
  return ratioRow('stub of a known name, 10k names', 'ns', lookups, peer, null);
}

/** NAT and stubs. The C peer is compiled here; without gcc its rows are left out, which is said. */
export async function natRows(rounds: number): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-nat-'));
  try {
    let driver: string | null = join(folder, 'nat');
    const source = fileURLToPath(new URL('nat.c', import.meta.url));
    const built = spawnSync('gcc', ['-O3', '-march=native', '-o', driver, source], { encoding: 'utf8' });
    if (built.status !== 0) {
      console.log(`NAT: no C peer, gcc ${built.error === undefined ? `failed: ${built.stderr}` : 'is missing'}`);
      driver = null;
    }
    return [
      ...(await flowRows(rounds, 100_000, '100k', driver)),
      ...(await flowRows(rounds, 1_000_000, '1M', driver)),
      memoryRow(4, FLOW_LIMITS.flows),
      memoryRow(6, FLOW_LIMITS.flows),
      stubRow(rounds),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
