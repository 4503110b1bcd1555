import { describe, expect, it } from 'vitest';
import { trustPlan } from './trust.ts';

const linux = { platform: 'linux', home: '/home/ada', certutil: true, nssStore: true } as const;

describe('trustPlan', () => {
  it.each([
    ['adds to the store that is there', linux, ['certutil -A']],
    ['makes the store first', { ...linux, nssStore: false }, ['mkdir -p', 'certutil -N', 'certutil -A']],
    ['uses the login keychain on macOS', { ...linux, platform: 'darwin' as const }, ['security add-trusted-cert']],
    ['uses the user’s store on Windows', { ...linux, platform: 'win32' as const }, ['certutil -user']],
  ])('%s', (_name, environment, beginnings) => {
    const { steps } = trustPlan(environment, '/data/ca.pem');
    expect(steps?.map((step) => step.slice(0, 2).join(' '))).toEqual(beginnings);
    expect(steps?.at(-1)).toContain('/data/ca.pem');
  });

  it('says what to install where certutil is missing', () => {
    const plan = trustPlan({ ...linux, certutil: false }, '/data/ca.pem');
    expect(plan.steps).toBeNull();
    expect(plan.what).toContain('libnss3-tools');
  });
});
