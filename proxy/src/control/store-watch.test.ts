import { expect, test, vi } from 'vitest';
import { StoreGate } from './store/store-gate.ts';
import { StoreWatch } from './store-watch.ts';

interface World {
  readonly gate: StoreGate;
  readonly watch: StoreWatch;
  readonly said: string[];
  readonly probes: boolean[];
  now: number;
  /** What every statement answers with; `null` while the store works. */
  broken: string | null;
  /** What reading again answers with. */
  unreadable: string | null;
}

function world(): World {
  const gate = new StoreGate();
  const said: string[] = [];
  const probes: boolean[] = [];
  const state = { now: 0, broken: null as string | null, unreadable: null as string | null };
  const database = {
    gate,
    probe: (write: boolean): Promise<void> => {
      probes.push(write);
      return state.broken === null ? Promise.resolve() : Promise.reject(new Error(state.broken));
    },
  };
  const watch = new StoreWatch({
    database,
    reread: () => {
      said.push(`read again, gate ${gate.closed ? 'closed' : 'open'}`);
      return state.unreadable === null ? Promise.resolve() : Promise.reject(new Error(state.unreadable));
    },
    onLost: (why) => said.push(`lost: ${why}`),
    onBack: ({ ms }) => {
      said.push(`back after ${ms}`);
      return Promise.resolve();
    },
    clock: () => state.now,
  });
  return Object.assign(state, { gate, watch, said, probes });
}

test('one look without an answer is no loss, two are; the first answer after everything was read again is its end', async () => {
  const it = world();
  await it.watch.look();
  it.broken = 'ECONNREFUSED';
  it.now = 1_000;
  expect(await it.watch.look()).toBe(250);
  expect([it.watch.loss, it.gate.closed]).toEqual([null, false]);
  it.broken = null;
  await it.watch.look();
  it.broken = 'ECONNREFUSED';
  await it.watch.look();
  it.now = 3_000;
  await it.watch.look();
  expect(it.watch.loss).toEqual({ ms: 2_000, why: 'ECONNREFUSED' });
  expect(() => it.gate.pass()).toThrow(expect.objectContaining({ code: 'CW_STORE_LOST' }));

  for (let i = 0; i < 20; i++) expect(await it.watch.look()).toBeLessThanOrEqual(1_000);
  expect(it.said).toEqual(['lost: ECONNREFUSED']);

  it.broken = null;
  it.unreadable = 'gone again';
  it.now = 5_000;
  await it.watch.look();
  expect([it.gate.closed, it.watch.loss?.why]).toEqual([true, 'gone again']);
  it.unreadable = null;
  await it.watch.look();
  expect([it.gate.closed, it.watch.loss]).toEqual([false, null]);
  expect(it.said.slice(1)).toEqual(['read again, gate open', 'read again, gate open', 'back after 4000']);
  expect([it.watch.losses, it.watch.lostMs]).toEqual([1, 4_000]);
});

test('after a statement failed the store is looked at at once, and asked to write until it has', async () => {
  const it = world();
  it.watch.start();
  it.gate.suspect();
  await vi.waitFor(() => expect(it.probes).toEqual([true]));
  await it.watch.stop();
  await it.watch.look();
  expect(it.probes).toEqual([true, false]);
});

test('closing the gate gives up what is under way; later statements are refused until it opens', async () => {
  const gate = new StoreGate();
  const opened = vi.fn<() => void>();
  gate.onOpened(opened);
  const hanging = gate.through(new Promise<number>(() => {}));
  gate.close('no answer');
  await expect(hanging).rejects.toMatchObject({ code: 'CW_STORE_LOST', message: 'no answer' });
  expect(() => gate.pass()).toThrow('no answer');
  gate.open();
  gate.open();
  gate.pass();
  expect(opened).toHaveBeenCalledOnce();
  expect(await gate.through(Promise.resolve(7))).toBe(7);
});
