import { CausewayError, codeOf, ERRORS } from '@causeway/contract';

export interface Refusal {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/**
 * What a person or program is told when the proxy does not forward. Of an error's own words only a rule's notice is
 * shown; the rest is for the log.
 *
 * @param accept the request's Accept header: HTML for browsers, JSON for everything else
 */
export function refusal(error: unknown, target: string, accept: string | undefined): Refusal {
  const code = codeOf(error);
  const { status, text } = ERRORS[code];
  const notice = code === 'CW_POLICY_BLOCKED' && error instanceof CausewayError ? error.message : text;
  const advice =
    code === 'CW_APP_UNKNOWN' ? 'This proxy is for private apps only; everything else goes without it.' : null;
  if (accept?.includes('text/html') !== true) {
    const body = { code, message: notice, target, ...(advice === null ? {} : { advice }) };
    return { status, contentType: 'application/json', body: `${JSON.stringify(body)}\n` };
  }
  const lines = [notice, ...(advice === null ? [] : [advice])].map((line) => `<p>${escapeHtml(line)}</p>`);
  return {
    status,
    contentType: 'text/html; charset=utf-8',
    body: `<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Causeway</title><style>body{font:1rem/1.5 system-ui;max-width:36rem;margin:4rem auto;padding:0 1rem}</style>
<h1>${escapeHtml(target)} cannot be opened</h1>
${lines.join('\n')}
<p><small>${code}</small></p>
`,
  };
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
