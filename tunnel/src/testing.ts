/** For tests and benchmarks of the other workspaces: a PoP's tunnel end with a CA of its own, and the frame reader. */
export { FrameReader } from './frame-reader.ts';
export { FakePop, type FakeTunnel, welcome } from './pop-fake.ts';
