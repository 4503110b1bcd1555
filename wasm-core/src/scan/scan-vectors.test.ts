import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import {
  ReferenceClassRunScanner,
  ReferenceDigitRunScanner,
  ReferenceLiteralScanner,
} from '../reference/scan-reference.ts';
import { ClassRunScanner, DigitRunScanner, LiteralScanner } from './index.ts';
import type { Scanner } from './scanner.ts';

interface Vector {
  readonly scanner: 'literals' | 'digits' | 'class';
  readonly text: string;
  readonly hits: readonly (readonly number[])[];
  readonly literals?: readonly string[];
  readonly ignoreCase?: boolean;
  readonly ranges?: string;
  readonly minLength?: number;
}

const file = await readFile(new URL('../../vectors/scan.json', import.meta.url), 'utf8');
const { vectors } = JSON.parse(file) as { readonly vectors: readonly Vector[] };

function scannersFor({ scanner, literals = [], ignoreCase = false, ranges = '', minLength = 1 }: Vector): Scanner[] {
  if (scanner === 'digits') return [new DigitRunScanner(), new ReferenceDigitRunScanner()];
  if (scanner === 'class') {
    return [new ClassRunScanner({ ranges, minLength }), new ReferenceClassRunScanner({ ranges, minLength })];
  }
  return [new LiteralScanner(literals, { ignoreCase }), new ReferenceLiteralScanner(literals, { ignoreCase })];
}

it.each(vectors)('$scanner in $text, cut at every place', (vector) => {
  const stream = new TextEncoder().encode(vector.text);
  for (const scanner of scannersFor(vector)) {
    for (let cut = 0; cut <= stream.length; cut++) {
      const hits: number[][] = [];
      const onHit = (...hit: number[]): void => void hits.push(hit);
      scanner.each(stream.subarray(0, cut), onHit);
      scanner.each(stream.subarray(cut), onHit);
      scanner.eachAtEnd(onHit);
      expect(hits).toEqual(vector.hits);
    }
  }
});
