import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import * as main from './index.ts';
import * as reference from './reference/index.ts';
import * as scan from './scan/index.ts';

const text = await readFile(new URL('../API.md', import.meta.url), 'utf8');

/** Names of what a class has of its own, methods and getters, and its static functions. */
function membersOf(value: unknown): string[] {
  if (typeof value !== 'function' || !/^class\b/.test(String(value)) || value.prototype instanceof Error) return [];
  const members: string[] = [];
  for (
    let proto = value.prototype as object;
    proto !== Object.prototype;
    proto = Object.getPrototypeOf(proto) as object
  ) {
    members.push(...Object.getOwnPropertyNames(proto));
  }
  const statics = Object.getOwnPropertyNames(value).filter((name) => !['length', 'name', 'prototype'].includes(name));
  return [
    ...members.filter((name) => name !== 'constructor').map((name) => `.${name}`),
    ...statics.map((name) => `.${name}`),
  ];
}

it.each(Object.entries({ ...main, ...reference, ...scan }))('%s is documented, with all that it has', (name, value) => {
  expect(text).toMatch(new RegExp(`\\b${name}\\b`));
  const missing = membersOf(value).filter((member) => !new RegExp(`\\${member}\\b`).test(text));
  // What the plain twins share with their originals stands there by its name alone.
  expect(missing.filter((member) => !text.includes(`\`${member.slice(1)}\``))).toEqual([]);
});
