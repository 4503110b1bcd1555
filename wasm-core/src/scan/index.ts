export { ClassRunScanner } from './class-run-scanner.ts';
export type { ClassRunOptions } from './class-run-scanner.ts';
export { DigitRunScanner } from './digit-run-scanner.ts';
export type { DigitRunOptions } from './digit-run-scanner.ts';
export { LiteralScanner } from './literal-scanner.ts';
export type { LiteralOptions } from './literal-set.ts';
export { HIT_WORDS } from './scanner.ts';
export type { OnHit, ScanOptions, Scanner } from './scanner.ts';
