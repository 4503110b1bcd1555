import { compilePolicy, PolicyMatcher } from '@causeway/wasm-core';
import { expect, test } from 'vitest';
import { OpenedPrincipal } from './opened-principal.ts';

const ADA = { user: 'ada', displayName: '', groups: [], method: 'agent', authenticatedAt: 0, session: 's' } as const;

/** A policy that counts what it holds open. */
function counting(asksForSource: boolean) {
  const matcher = new PolicyMatcher(compilePolicy({ apps: [{ name: 'a', tags: [] }], rules: [{}] }));
  const opened: string[] = [];
  return {
    asksForSource,
    opened,
    open: (_who: object, address: string) => {
      opened.push(address);
      return matcher.open({ user: '', groups: [], method: 'agent' });
    },
    close: (session: Parameters<PolicyMatcher['close']>[0] | null) => session !== null && matcher.close(session),
    held: () => matcher.openSessions,
  };
}

const principal = () => new OpenedPrincipal({ ...ADA, groups: [] });

test('is opened once for every address where rules do not ask for it', () => {
  const policy = counting(false);
  const ada = principal();
  expect(ada.in(policy, '10.0.0.1')).toBe(ada.in(policy, '10.0.0.2'));
  expect(policy.opened).toHaveLength(1);
});

test('is opened for each address where rules ask for it, and few are held', () => {
  const policy = counting(true);
  const ada = principal();
  const first = ada.in(policy, '10.0.0.1');
  const second = ada.in(policy, '::1');
  expect(second).not.toBe(first);
  expect(ada.in(policy, '10.0.0.1')).toBe(first);
  for (let i = 0; i < 100; i++) ada.in(policy, `10.0.1.${i}`);
  expect(policy.held()).toBe(2);
  expect(ada.in(policy, '10.0.0.1')).not.toBe(first);
});

test('is opened anew in another policy, and gives back what it held of the last', () => {
  const [old, next] = [counting(true), counting(true)];
  const ada = principal();
  ada.in(old, '10.0.0.1');
  ada.in(next, '10.0.0.1');
  expect([old.held(), next.held()]).toEqual([0, 1]);
  ada.close();
  expect(next.held()).toBe(0);
  ada.in(next, '10.0.0.1');
  expect(next.held()).toBe(1);
});
