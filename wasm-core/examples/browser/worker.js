import { PolicyMatcher } from '@causeway/wasm-core';
import { DigitRunScanner } from '@causeway/wasm-core/scan';

const scanner = new DigitRunScanner();

addEventListener('message', ({ data: { image, user, text } }) => {
  const matcher = new PolicyMatcher(image);
  const session = matcher.open({ user, groups: [], method: 'browser' });
  const rule = matcher.decide(session, 0, 'tcp', 443, { destination: 'wiki.example' });
  const numbers = [];
  scanner.each(new TextEncoder().encode(text), (digits, start) => numbers.push(start));
  scanner.eachAtEnd((digits, start) => numbers.push(start));
  postMessage({ rule, numbers });
});
