/** For tests of the programs: a PoP's tunnel end with a CA of its own. */
export { FakePop, type FakeTunnel, welcome } from './pop-fake.ts';
