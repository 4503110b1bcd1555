import { expect, it } from 'vitest';
import { endToEndHeaders } from './hop-by-hop.ts';

it('drops what belongs to one connection and keeps order, case and duplicates of the rest', () => {
  const raw = ['Host', 'a', 'Connection', 'close, X-One', 'X-One', '1', 'Cookie', 'a', 'cookie', 'b', 'TE', 'trailers'];
  const more = ['Proxy-Authorization', 'Basic x', 'Proxy-Connection', 'keep-alive', 'Transfer-Encoding', 'chunked'];
  expect(endToEndHeaders([...raw, ...more], ['host'])).toEqual(['Cookie', 'a', 'cookie', 'b']);
});

it('keeps the length of a body whatever Connection says', () => {
  const raw = ['Connection', 'content-length', 'Content-Length', '3'];
  expect(endToEndHeaders(raw)).toEqual(['Content-Length', '3']);
});
