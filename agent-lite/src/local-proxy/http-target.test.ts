import { describe, expect, it } from 'vitest';
import { absoluteTarget, authorityTarget } from './http-target.ts';

describe('authorityTarget', () => {
  it.each([
    ['a.example:443', { host: 'a.example', port: 443 }],
    ['10.0.0.1:22', { host: '10.0.0.1', port: 22 }],
    ['[fd00::1]:22', { host: 'fd00::1', port: 22 }],
  ])('%s', (text, target) => {
    expect(authorityTarget(text)).toEqual(target);
  });

  it.each([
    'a.example',
    'a.example:',
    'a.example:0',
    'a.example:65536',
    'u@a.example:1',
    'fd00::1:22',
    'a b:1',
    ':1',
    '',
  ])('refuses %j', (text) => {
    expect(() => authorityTarget(text)).toThrow(expect.objectContaining({ code: 'CW_PROXY_REQUEST' }));
  });
});

describe('absoluteTarget', () => {
  it.each([
    ['http://a.example/', { host: 'a.example', port: 80, authority: 'a.example', path: '/' }],
    ['HTTP://a.example', { host: 'a.example', port: 80, authority: 'a.example', path: '/' }],
    ['http://a.example?x=1', { host: 'a.example', port: 80, authority: 'a.example', path: '/?x=1' }],
    [
      'http://a.example:81/p//q?x=/%2e',
      { host: 'a.example', port: 81, authority: 'a.example:81', path: '/p//q?x=/%2e' },
    ],
    ['http://[fd00::1]/', { host: 'fd00::1', port: 80, authority: '[fd00::1]', path: '/' }],
    ['http://[fd00::1]:81/', { host: 'fd00::1', port: 81, authority: '[fd00::1]:81', path: '/' }],
  ])('%s', (text, target) => {
    expect(absoluteTarget(text)).toEqual(target);
  });

  it.each([
    'https://a.example/',
    'ftp://a/',
    '*',
    'http:///x',
    'http://u:p@a.example/',
    'http://a.example/#f',
    'http://a:/',
  ])('refuses %j', (text) => {
    expect(() => absoluteTarget(text)).toThrow(expect.objectContaining({ code: 'CW_PROXY_REQUEST' }));
  });
});
