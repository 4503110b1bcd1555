import { assert, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillNotice, type NoticeFields } from './notice-page.ts';

const EMPTY: NoticeFields = { title: '', heading: '', message: '', advice: '', code: '', reference: '', homeUrl: '' };

describe('fillNotice', () => {
  it('escapes every field', () => {
    const evil = `<script>"'&`;
    for (const name of ['title', 'heading', 'message', 'advice', 'code', 'reference'] as const) {
      const html = fillNotice(`<p title="{{${name}}}">{{${name}}}</p>`, { ...EMPTY, [name]: evil });
      const safe = '&lt;script&gt;&quot;&#39;&amp;';
      expect(html).toBe(`<p title="${safe}">${safe}</p>`);
    }
  });

  it('never lets a value leave its place, whatever it is', () => {
    assert(
      property(string({ unit: 'binary' }), (value) => {
        const inside = fillNotice('{{message}}', { ...EMPTY, message: value });
        expect(inside).not.toMatch(/[<>"']/);
      }),
    );
  });

  it('names the link as told, and the portal where nobody said otherwise', () => {
    expect(fillNotice('{{homeLabel}}', EMPTY)).toBe('Open your portal');
    expect(fillNotice('{{homeLabel}}', { ...EMPTY, homeLabel: 'Start <again>' })).toBe('Start &lt;again&gt;');
  });

  it('fills in one pass: a value that looks like a placeholder stays as it is', () => {
    expect(fillNotice('{{message}}|{{code}}', { ...EMPTY, message: '{{code}}', code: 'CW_X' })).toBe('{{code}}|CW_X');
    expect(fillNotice('{{message}}', { ...EMPTY, message: "$& $1 $'" })).toBe('$&amp; $1 $&#39;');
  });

  it('knows nothing but its fields', () => {
    expect(fillNotice('[{{constructor}}{{toString}}{{nobody}}]', EMPTY)).toBe('[]');
  });

  it.each([
    ['https://login.causeway-id.localhost:8443/', 'https://login.causeway-id.localhost:8443/'],
    ['/', '/'],
    ['', ''],
    ['javascript:alert(1)', ''],
    ['JavaScript:alert(1)', ''],
    ['data:text/html,x', ''],
    ['//evil.example/', ''],
    ['/\\evil.example', ''],
    ['https://a.example/"onclick="x', 'https://a.example/&quot;onclick=&quot;x'],
  ])('links home to %s as %s', (homeUrl, href) => {
    expect(fillNotice('<a href="{{homeUrl}}">', { ...EMPTY, homeUrl })).toBe(`<a href="${href}">`);
  });
});
