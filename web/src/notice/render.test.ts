import { describe, expect, it } from 'vitest';
import { PLACEHOLDERS } from './NoticePage.tsx';
import { renderNotice } from './render.tsx';

describe('the template of the notice page', () => {
  const html = renderNotice('body{margin:0}');

  it('holds every placeholder once, unescaped, and no other', () => {
    const found = [...html.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1]);
    expect(found).toHaveLength(PLACEHOLDERS.length);
    expect(new Set(found)).toEqual(new Set(PLACEHOLDERS));
  });

  it('stands alone: styles inline, no script, nothing loaded', () => {
    expect(html).toContain('<style>body{margin:0}</style>');
    expect(html).not.toMatch(/<script|<link|<img|\bsrc=|@import/i);
  });
});
