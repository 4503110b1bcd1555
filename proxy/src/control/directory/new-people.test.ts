import { CausewayError } from '@causeway/contract';
import { expect, test } from 'vitest';
import { NewPeople, type Made } from './new-people.ts';
import type { DirectoryUser, UserInput } from './records.ts';

function inputOf(userName: string): UserInput {
  return { userName, externalId: null, displayName: '', active: true, ou: null, body: {}, values: [] };
}

const userOf = ({ userName }: UserInput): DirectoryUser => ({ userName }) as DirectoryUser;
const names = (made: readonly DirectoryUser[]): string[] => made.map(({ userName }) => userName);

/** Transactions that begin when they are let. */
function held(make: (inputs: readonly UserInput[]) => readonly Made[]) {
  const begun: string[][] = [];
  const waiting: (() => void)[] = [];
  const people = new NewPeople(async (_idp, inputs) => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    const own = inputs();
    begun.push(own.map(({ userName }) => userName));
    return make(own);
  });
  const begin = async (): Promise<void> => {
    waiting.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { people, begun, begin };
}

test('whoever comes before a transaction begins is in it, whoever comes later in the next', async () => {
  const { people, begun, begin } = held((inputs) => inputs.map(userOf));
  const first = ['a', 'b'].map((name) => people.make('idp', inputOf(name)));
  await begin();
  const next = people.make('idp', inputOf('c'));
  await begin();
  expect(names(await Promise.all([...first, next]))).toEqual(['a', 'b', 'c']);
  expect(begun).toEqual([['a', 'b'], ['c']]);
});

test('providers are apart, and no transaction has more than fifty', async () => {
  const { people, begun, begin } = held((inputs) => inputs.map(userOf));
  const all = Array.from({ length: 60 }, (_, i) => people.make('one', inputOf(`p${i}`)));
  all.push(people.make('two', inputOf('q')));
  for (let i = 0; i < 3; i++) await begin();
  await Promise.all(all);
  expect(begun.map(({ length }) => length)).toEqual([50, 10, 1]);
});

test('what fails of one fails no other', async () => {
  const { people, begin } = held((inputs) => {
    if (inputs.some(({ userName }) => userName === 'bad')) throw new Error('not taken');
    return inputs.map((input) => (input.userName === 'taken' ? new CausewayError('CW_CONFLICT') : userOf(input)));
  });
  const all = Promise.allSettled(['a', 'bad', 'taken'].map((name) => people.make('idp', inputOf(name))));
  for (let i = 0; i < 4; i++) await begin();
  expect((await all).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
  await expect(people.make('idp', inputOf(''))).rejects.toMatchObject({ code: 'CW_REQUEST_INVALID' });
});
