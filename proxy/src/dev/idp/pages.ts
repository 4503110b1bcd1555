import { escapeHtml } from '../../pages/notice-page.ts';
import { DEMO_PEOPLE } from '../people.ts';

const STYLE = `
:root{color-scheme:light dark;--paper:#fbf7ff;--ink:#251a33;--quiet:#655a73;--line:#d9cfe6;--card:#fff;--accent:#6a3aa8}
@media(prefers-color-scheme:dark){:root{--paper:#17121e;--ink:#eee8f5;--quiet:#b0a5bf;--line:#3b3148;--card:#211a2b;--accent:#c3a2f2}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
.banner{margin:0;padding:.8rem 1rem;background:#ffd23f;color:#241c00;text-align:center;font-weight:600;
border-bottom:6px solid;border-image:repeating-linear-gradient(135deg,#241c00 0 14px,#ffd23f 14px 28px) 6}
main{max-width:34rem;margin:0 auto;padding:2rem 1.25rem 3rem}
h1{margin:0 0 .25rem;font-size:1.7rem;line-height:1.2}
.to{margin:0 0 1.5rem;color:var(--quiet);overflow-wrap:anywhere}
form{display:grid;gap:.75rem}
button{display:block;width:100%;padding:.9rem 1rem;text-align:left;cursor:pointer;background:var(--card);color:inherit;
border:1px solid var(--line);border-radius:10px;font:inherit}
button:hover{border-color:var(--accent)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
button b{display:block;font-size:1.1rem}
button span{display:block;color:var(--quiet);font-size:.92rem;overflow-wrap:anywhere}
button.plain{width:auto;justify-self:start;color:var(--accent);font-weight:600;text-align:center}
`;

function page(title: string, body: string): string {
  return (
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title>` +
    `<meta name="viewport" content="width=device-width, initial-scale=1"><style>${STYLE}</style></head><body>` +
    `<p class="banner" role="note">Development only: anybody can be anybody</p><main>${body}</main></body></html>`
  );
}

function hidden(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`)
    .join('');
}

/** @param fields the request as it came, to be checked again when it is posted: nothing is remembered between the two */
export function loginPage(provider: string, fields: Readonly<Record<string, string>>): string {
  const people = DEMO_PEOPLE.map(
    ({ id, displayName, user, may }) =>
      `<button name="person" value="${id}" aria-label="${escapeHtml(displayName)}" aria-describedby="may-${id}">` +
      `<b>${escapeHtml(displayName)}</b><span>${escapeHtml(user)}</span><span id="may-${id}">${escapeHtml(may)}</span></button>`,
  );
  return page(
    'Who are you today?',
    `<h1>Who are you today?</h1><p class="to">Signing in to ${escapeHtml(provider)}</p>` +
      `<form method="post" action="/login">${hidden(fields)}${people.join('')}` +
      `<button class="plain" name="person" value="">Nobody: refuse this login</button></form>`,
  );
}

/** A form that posts itself to the PoP, and waits for a person where scripts do not run. */
export function postingPage(acs: string, fields: Readonly<Record<string, string>>, nonce: string): string {
  return page(
    'Signing in',
    `<h1>Signing in</h1><p class="to">Taking your answer to ${escapeHtml(new URL(acs).host)}</p>` +
      `<form method="post" action="${escapeHtml(acs)}">${hidden(fields)}<button class="plain">Continue</button></form>` +
      `<script nonce="${nonce}">document.forms[0].submit()</script>`,
  );
}

export function messagePage(heading: string, text: string): string {
  return page(heading, `<h1>${escapeHtml(heading)}</h1><p class="to">${escapeHtml(text)}</p>`);
}
