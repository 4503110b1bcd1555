export { streamReserve, streamHits, streamReset, streamBegin } from './stream';
export { teddyReserve, teddyRun } from './teddy';
export { endingsReserve, endingsRun } from './endings';
export { ahoReserve, ahoReset, ahoRun } from './aho-corasick';
export { digitsReserve, digitsReset, digitsRun, digitsFinish } from './digit-runs';
export { classReserve, classReset, classRun, classFinish } from './class-runs';
