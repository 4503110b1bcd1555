import { CausewayError } from '@causeway/contract';
import { beforeEach, describe, expect, it } from 'vitest';
import { Dialler } from './dialler.ts';

/** A world with a clock that only the test moves and a PoP that answers when the test says. */
class World {
  time = 0;
  readonly log: string[] = [];
  readonly timers: { at: number; fire: () => void }[] = [];
  readonly dials: { resolve: (name: string) => void; reject: (error: unknown) => void; signal: AbortSignal }[] = [];
  readonly ends = new Map<string, (error: CausewayError | null) => void>();
  random = 1;
  readonly dialler = new Dialler<string>({
    dial: (signal) => new Promise((resolve, reject) => this.dials.push({ resolve, reject, signal })),
    closed: (name) => new Promise((resolve) => this.ends.set(name, resolve)),
    onUp: (name, previous) => this.log.push(`up ${name} after ${previous}`),
    onDown: (error, retryMs) => this.log.push(`down ${error?.code ?? 'ended'} retry ${retryMs}`),
    discard: (name) => this.log.push(`discard ${name}`),
    random: () => this.random,
    now: () => this.time,
    timers: {
      set: (fire, ms) => {
        const timer = { at: this.time + ms, fire };
        this.timers.push(timer);
        return () => this.timers.splice(this.timers.indexOf(timer), 1);
      },
    },
  });

  async settle(): Promise<void> {
    for (let i = 0; i < 10; i += 1) await Promise.resolve();
  }

  async answer(result: string | Error): Promise<void> {
    const dial = this.dials.shift();
    if (dial === undefined) throw new Error('nobody dials');
    if (typeof result === 'string') dial.resolve(result);
    else dial.reject(result);
    await this.settle();
  }

  async end(name: string, error: CausewayError | null = null): Promise<void> {
    this.ends.get(name)?.(error);
    await this.settle();
  }

  /** Moves the clock to the next timer and fires it. */
  async wake(): Promise<void> {
    const timer = this.timers.shift();
    if (timer === undefined) throw new Error('no timer');
    this.time = timer.at;
    timer.fire();
    await this.settle();
  }

  taken(): string[] {
    return this.log.splice(0);
  }
}

const refused = new CausewayError('CW_TUNNEL_CLOSED');
let w: World;
beforeEach(() => {
  w = new World();
});

describe('the dialler', () => {
  it('never gives up: waits 0.25 s at most, then twice as long, up to 30 s', async () => {
    w.dialler.start();
    const waits: number[] = [];
    for (let i = 0; i < 10; i += 1) {
      await w.answer(refused);
      expect(w.dialler.state).toBe('waiting');
      waits.push(Number(w.taken()[0]?.split(' ').at(-1)));
      await w.wake();
    }
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('spreads the waits over the whole range', async () => {
    w.dialler.start();
    w.random = 0.1;
    await w.answer(refused);
    expect(w.taken()).toEqual(['down CW_TUNNEL_CLOSED retry 25']);
  });

  it('starts anew after a connection that held, and not after one that did not', async () => {
    w.dialler.start();
    for (let i = 0; i < 3; i += 1) {
      await w.answer(refused);
      await w.wake();
    }
    await w.answer('short');
    w.taken();
    w.time += 100;
    await w.end('short');
    expect(w.taken()).toEqual(['down ended retry 2000']);
    await w.wake();
    await w.answer('long');
    w.time += 60_000;
    await w.end('long', refused);
    expect(w.taken()).toEqual(['up long after null', 'down CW_TUNNEL_CLOSED retry 250']);
  });

  it('makes before it breaks', async () => {
    w.dialler.start();
    await w.answer('a');
    w.dialler.replace();
    w.dialler.replace();
    expect(w.dials.length).toBe(1);
    expect([w.dialler.state, w.dialler.current]).toEqual(['replacing', 'a']);
    await w.answer(refused);
    expect([w.dialler.state, w.dialler.current]).toEqual(['replacing', 'a']);
    await w.wake();
    await w.answer('b');
    await w.end('a');
    expect(w.taken()).toEqual(['up a after null', 'up b after a']);
    expect([w.dialler.state, w.dialler.current]).toEqual(['up', 'b']);
  });

  it.each(['under way', 'waiting'])('goes on when the old one breaks while the replacement is %s', async (when) => {
    w.dialler.start();
    await w.answer('a');
    w.dialler.replace();
    if (when === 'waiting') await w.answer(refused);
    await w.end('a', refused);
    expect(w.dialler.state).toBe(when === 'waiting' ? 'waiting' : 'dialling');
    if (when === 'waiting') await w.wake();
    await w.answer('b');
    expect(w.taken()).toEqual(['up a after null', 'down CW_TUNNEL_CLOSED retry 0', 'up b after null']);
    expect(w.dials.length + w.timers.length).toBe(0);
  });

  it('stops for good, aborts what it dials and discards what comes late', async () => {
    w.dialler.start();
    w.dialler.stop();
    expect(w.dials[0]?.signal.aborted).toBe(true);
    await w.answer('late');
    expect(w.taken()).toEqual(['discard late']);
    w.dialler.start();
    expect([w.dialler.state, w.dials.length]).toEqual(['stopped', 0]);
    const other = new World();
    other.dialler.start();
    await other.answer(refused);
    other.dialler.stop();
    expect(other.timers.length).toBe(0);
  });

  it('takes whatever is thrown as a failure', async () => {
    w.dialler.start();
    await w.answer(Object.assign(new Error('no route'), { code: 'EHOSTUNREACH' }));
    expect(w.taken()).toEqual(['down CW_TUNNEL_CLOSED retry 250']);
  });
});
