import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CausewayError } from '@causeway/contract';
import type { Database } from '../store/database.ts';
import { sqlitePlace } from '../store/fixtures/store-place.ts';
import { openDatabase } from '../store/open-database.ts';
import type { ObjectChange, Placement } from './model.ts';
import { ObjectStore } from './object-store.ts';
import { ANN, putRule } from './object-suite.ts';

let place: Awaited<ReturnType<typeof sqlitePlace>>;
let database: Database;
let store: ObjectStore;
beforeAll(async () => {
  place = await sqlitePlace();
  database = await openDatabase(place.location);
  store = new ObjectStore(database, Date.now);
});
afterAll(async () => {
  await database.close();
  await place.remove();
});

interface Wish {
  readonly name: string;
  readonly position: Placement | undefined;
}

type Step =
  | { readonly do: 'put'; readonly wishes: readonly Wish[] }
  | { readonly do: 'delete'; readonly name: string }
  | { readonly do: 'order'; readonly names: readonly string[] };

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g');
const position = fc.oneof(
  fc.constantFrom<Placement | undefined>('first', 'last', undefined),
  name.map((before) => ({ before })),
  name.map((after) => ({ after })),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc
    .uniqueArray(fc.record({ name, position }), { selector: (wish) => wish.name, minLength: 1, maxLength: 4 })
    .map((wishes) => ({ do: 'put' as const, wishes })),
  name.map((one) => ({ do: 'delete' as const, name: one })),
  fc.uniqueArray(name, { minLength: 2 }).map((names) => ({ do: 'order' as const, names })),
);

/** A list as a person would edit it; `null` where the step names what is not there. */
function naive(list: readonly string[], next: Step): string[] | null {
  const result = [...list];
  switch (next.do) {
    case 'delete':
      return list.includes(next.name) ? result.filter((one) => one !== next.name) : null;
    case 'order': {
      if (!next.names.every((one) => list.includes(one))) return null;
      const places = next.names.map((one) => list.indexOf(one)).toSorted((a, b) => a - b);
      for (const [i, at] of places.entries()) result[at] = next.names[i] ?? '';
      return result;
    }
    case 'put':
      for (const wish of next.wishes) {
        const at = result.indexOf(wish.name);
        if (wish.position === undefined && at >= 0) continue;
        if (at >= 0) result.splice(at, 1);
        const to = indexOf(result, wish.position ?? 'last');
        if (to === null) return null;
        result.splice(to, 0, wish.name);
      }
      return result;
  }
}

function indexOf(list: readonly string[], to: Placement): number | null {
  if (to === 'first') return 0;
  if (to === 'last') return list.length;
  const at = list.indexOf('before' in to ? to.before : to.after);
  return at < 0 ? null : 'before' in to ? at : at + 1;
}

async function perform(next: Step): Promise<void> {
  if (next.do === 'order') return void (await store.apply([], ANN, { order: { rules: next.names } }));
  const changes =
    next.do === 'delete'
      ? [{ kind: 'rules', name: next.name, op: 'delete' } satisfies ObjectChange]
      : next.wishes.map((wish) => ({
          ...putRule(wish.name),
          ...(wish.position === undefined ? {} : { position: wish.position }),
        }));
  await store.apply(changes, ANN);
}

const names = async (): Promise<string[]> => (await store.list('rules', { limit: 100 })).items.map((one) => one.name);

test('any way of putting rules in order ends as in a plain list, and what cannot be changes nothing', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
      for (const one of await names()) await store.apply([{ kind: 'rules', name: one, op: 'delete' }], ANN);
      let list: string[] = [];
      for (const next of steps) {
        const wanted = naive(list, next);
        const done = await perform(next).then(
          () => true,
          (error: unknown) => !(error instanceof CausewayError),
        );
        expect(done).toBe(wanted !== null);
        list = wanted ?? list;
        expect(await names()).toEqual(list);
      }
    }),
    { numRuns: 30 },
  );
});
