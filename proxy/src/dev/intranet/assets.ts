/** The intranet's own style: a company site that somebody set up years ago and that still does its work. */
export const STYLE = `
:root { color-scheme: light; --blue: #1f4e8c; --line: #cfd6df; }
* { box-sizing: border-box; }
body { margin: 0; background: #eef1f5; color: #20262e; font: 1rem/1.5 Verdana, 'DejaVu Sans', sans-serif; }
header { padding: .9rem 1.25rem; background: var(--blue); color: #fff; }
header b { font-size: 1.15rem; }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; padding: .6rem 1.25rem; background: #fff; border-bottom: 1px solid var(--line); }
main { max-width: 58rem; margin: 1.5rem auto; padding: 1.25rem 1.5rem 1.5rem; background: #fff; border: 1px solid var(--line); }
@media (max-width: 60rem) { main { margin: 0; border-width: 0 0 1px; } }
h1 { margin-top: 0; font-size: 1.5rem; }
h2 { font-size: 1.15rem; }
a { color: var(--blue); }
:focus-visible { outline: 3px solid #e8a317; outline-offset: 2px; }
table { width: 100%; border-collapse: collapse; font-size: .92rem; }
th, td { padding: .4rem .6rem .4rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; overflow-wrap: anywhere; }
button, input { padding: .45rem .8rem; font: inherit; }
output, pre { display: block; margin: .75rem 0; white-space: pre-wrap; overflow-wrap: anywhere; font: .9rem/1.5 monospace; }
img { max-width: 100%; }
[aria-current] { font-weight: 700; text-decoration: none; }
`;

export const LOGO = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 80" role="img" aria-label="Corp">
<rect width="240" height="80" fill="#1f4e8c"/><path d="M24 58V26l18-12 18 12v32zm44 0V34h22v24z" fill="#fff"/>
<text x="108" y="52" font-family="Verdana, sans-serif" font-size="36" font-weight="700" fill="#fff">CORP</text></svg>`;

/** Of the live page: a WebSocket to its own origin, text and binary. */
export const LIVE_SCRIPT = `
const log = document.querySelector('[role=log]');
const state = document.querySelector('[role=status]');
const url = new URL('live/socket', location.href);
url.protocol = url.protocol.replace('http', 'ws');
const socket = new WebSocket(url);
socket.binaryType = 'arraybuffer';
const say = (text) => { log.textContent = (log.textContent + text + '\\n').split('\\n').slice(-40).join('\\n'); };
socket.onopen = () => { state.textContent = 'connected'; };
socket.onclose = (event) => { state.textContent = 'closed ' + event.code; };
socket.onmessage = ({ data }) => {
  if (typeof data !== 'string') return say('binary back: ' + Array.from(new Uint8Array(data)).join(' '));
  const message = JSON.parse(data);
  if (message.tick) document.querySelector('#clock').textContent = message.tick;
  else say('text back: ' + message.echo);
};
document.querySelector('#text').onsubmit = (event) => {
  event.preventDefault();
  socket.send(new FormData(event.target).get('text'));
};
document.querySelector('#binary').onclick = () => socket.send(new Uint8Array([0, 1, 127, 128, 255]));
`;

/** Of the files page: the body is the file itself, its name in the query, so that any size streams. */
export const FILES_SCRIPT = `
const state = document.querySelector('[role=status]');
document.querySelector('form').onsubmit = async (event) => {
  event.preventDefault();
  const file = document.querySelector('input[type=file]').files[0];
  if (!file) { state.textContent = 'choose a file first'; return; }
  state.textContent = 'uploading';
  try {
    const answer = await fetch('files?name=' + encodeURIComponent(file.name), { method: 'POST', body: file });
    const stored = await answer.json();
    state.textContent = answer.ok ? stored.name + ': ' + stored.bytes + ' bytes, SHA-256 ' + stored.sha256 : stored.error;
  } catch (error) {
    state.textContent = 'upload failed: ' + error.message;
  }
};
`;
