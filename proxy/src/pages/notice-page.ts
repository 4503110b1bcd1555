import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CausewayError } from '@causeway/contract';

/** What a notice says: plain text in every field, never markup. Empty fields leave their place out. */
export interface NoticeFields {
  /** Of the browser's tab. */
  readonly title: string;
  readonly heading: string;
  readonly message: string;
  /** What the person can do now. */
  readonly advice: string;
  /** `CW_*`, or a short text for a page that is no error. */
  readonly code: string;
  /** The decision id: what a person quotes to support, and what finds the line in the log. */
  readonly reference: string;
  /** Where "Open your portal" leads; only `https:` and `http:` URLs and absolute paths become links. */
  readonly homeUrl: string;
  /** What that link says: by default "Open your portal". */
  readonly homeLabel?: string;
}

/** For answers that carry the page: its styles are inline, and nothing else may load, run or frame it. */
export const NOTICE_CSP =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const TEMPLATE = fileURLToPath(new URL('../../../web/dist/pages/notice.html', import.meta.url));

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** For text and for quoted attribute values. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => ENTITIES[c] ?? c);
}

/** A link that could run script (`javascript:`, `data:`) or lead to a foreign place (`//host`) is no link. */
function safeUrl(url: string): string {
  return /^(?:https?:\/\/[^\s]+|\/(?!\/)[^\s\\]*)$/i.test(url) ? url : '';
}

/** Fills the template in one pass, so that a value that looks like a placeholder stays what it is. */
export function fillNotice(template: string, fields: NoticeFields): string {
  const values: Readonly<Record<string, string>> = {
    homeLabel: 'Open your portal',
    ...fields,
    homeUrl: safeUrl(fields.homeUrl),
  };
  return template.replace(/\{\{(\w+)\}\}/g, (_, name: string) =>
    escapeHtml(Object.hasOwn(values, name) ? (values[name] ?? '') : ''),
  );
}

let template: string | null = null;

/**
 * The page for a block with a notice, for 404 and for every error that a browser gets: a whole HTML document without
 * script. Throws `CW_INTERNAL` when the web pages were never built.
 */
export function noticePage(fields: NoticeFields): string {
  if (template === null) {
    try {
      template = readFileSync(TEMPLATE, 'utf8');
    } catch (cause) {
      throw new CausewayError('CW_INTERNAL', 'web/dist/pages/notice.html is missing: run `npm run build`', { cause });
    }
  }
  return fillNotice(template, fields);
}
