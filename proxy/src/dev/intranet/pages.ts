import { escapeHtml } from '../../pages/notice-page.ts';

const LINKS: readonly (readonly [href: string, text: string])[] = [
  ['/', 'Home'],
  ['/teams/platform?tab=people', 'Platform team'],
  ['/files', 'Files'],
  ['/live', 'Live'],
  ['/whoami', 'Who am I'],
];

/** One page of the intranet. Links and assets are relative to the origin, as most web applications write them. */
export function page(title: string, current: string, body: string, script?: string): string {
  const links = LINKS.map(
    ([href, text]) => `<a href="${href}"${href === current ? ' aria-current="page"' : ''}>${text}</a>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} – Corp intranet</title>
<link rel="stylesheet" href="/assets/style.css">
<link rel="icon" href="/assets/logo.svg">
</head>
<body>
<header><b>Corp intranet</b></header>
<nav aria-label="Intranet">${links.join('\n')}</nav>
<main>
<h1>${escapeHtml(title)}</h1>
${body}
</main>
${script === undefined ? '' : `<script type="module" src="${script}"></script>`}
</body>
</html>
`;
}

export function homePage(visits: number): string {
  return page(
    'Welcome',
    '/',
    `<p><img src="/assets/logo.svg" alt="Corp" width="240" height="80"></p>
<p>This site listens on a loopback port and nowhere else. You reach it through Causeway.</p>
<p>A cookie of this site counts your visits: <b id="visits">${visits}</b>.</p>
<h2>News</h2>
<ul>
<li>The canteen has soup again.</li>
<li><a href="/go">The old link to the handbook</a> redirects to an absolute address of this site.</li>
<li>The <a href="/big?bytes=1048576&amp;seed=7">disk image</a> is a download of one mebibyte.</li>
</ul>`,
  );
}

const TABS: Readonly<Record<string, string>> = {
  people: '<ul><li>Ada Lindqvist</li><li>Noor Haddad</li><li>Tomás Vidal</li></ul>',
  projects: '<ul><li>Move the build cluster</li><li>Retire the old VPN</li></ul>',
};

export function teamPage(tab: string | null): string {
  const chosen = tab !== null && Object.hasOwn(TABS, tab) ? tab : 'projects';
  const tabs = Object.keys(TABS).map(
    (name) => `<a href="?tab=${name}"${name === chosen ? ' aria-current="true"' : ''}>${name}</a>`,
  );
  return page(
    'Platform team',
    '/teams/platform?tab=people',
    `<p>${tabs.join(' · ')}</p><h2>Platform ${chosen}</h2>${TABS[chosen] ?? ''}`,
  );
}

/** @param headers names and values as they came over the wire, in order */
export function whoamiPage(headers: readonly (readonly [name: string, value: string])[]): string {
  const rows = headers.map(
    ([name, value]) => `<tr><th scope="row">${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`,
  );
  return page(
    'Who am I',
    '/whoami',
    `<p>These are the headers that this site received.</p>
<table><thead><tr><th scope="col">Header</th><th scope="col">Value</th></tr></thead><tbody>${rows.join('\n')}</tbody></table>`,
  );
}

export function filesPage(names: readonly string[]): string {
  const list = names.map(
    (name) => `<li><a href="/files/${encodeURIComponent(name)}" download>${escapeHtml(name)}</a></li>`,
  );
  return page(
    'Files',
    '/files',
    `<form><label>File <input type="file" name="file"></label> <button>Upload</button></form>
<p role="status"></p>
<h2>Stored</h2>
${list.length === 0 ? '<p>No file yet.</p>' : `<ul>${list.join('\n')}</ul>`}`,
    '/assets/files.js',
  );
}

export function livePage(): string {
  return page(
    'Live',
    '/live',
    `<p>Socket: <span role="status">connecting</span>. Server clock: <b id="clock">–</b></p>
<form id="text"><label>Say something <input name="text" required></label> <button>Send</button></form>
<p><button id="binary" type="button">Send five bytes</button></p>
<pre role="log" aria-label="Answers"></pre>`,
    '/assets/live.js',
  );
}
