import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { cookiesOf, readBody, send, sendJson, serve, type Exchange } from './http.ts';

const MAX_SESSIONS = 1_000;
const MAX_NOTES = 100;
const MAX_TEXT = 500;
const COOKIE = 'notes_session';

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Notes</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="style.css">
</head>
<body>
<main>
<h1>Notes</h1>
<form><label for="text">New note</label><input id="text" name="text" maxlength="${MAX_TEXT}" required> <button>Add</button></form>
<p role="status"></p>
<ul aria-label="Notes"></ul>
</main>
<script type="module" src="notes.js"></script>
</body>
</html>
`;

const STYLE = `
body { margin: 0; background: #fdf6d8; color: #2b2615; font: 1.05rem/1.5 Georgia, serif; }
main { max-width: 34rem; margin: 0 auto; padding: 2rem 1.25rem; }
form { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; }
label { flex-basis: 100%; }
input { flex: 1; min-width: 0; }
input, button { padding: .5rem .75rem; font: inherit; }
ul { padding: 0; list-style: none; }
li { margin: .6rem 0; padding: .75rem 1rem; background: #fff; border-left: 4px solid #d8a72c; overflow-wrap: anywhere; }
`;

const SCRIPT = `
const list = document.querySelector('ul');
const state = document.querySelector('[role=status]');
async function load() {
  const { notes } = await (await fetch('api/notes')).json();
  list.replaceChildren(...notes.map((text) => Object.assign(document.createElement('li'), { textContent: text })));
}
document.querySelector('form').onsubmit = async (event) => {
  event.preventDefault();
  const text = new FormData(event.target).get('text');
  const answer = await fetch('api/notes', {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ text }),
  });
  state.textContent = answer.ok ? '' : 'could not be stored';
  if (answer.ok) event.target.reset();
  await load();
};
await load();
`;

/** A second app with a session of its own in a cookie: notes live in memory, for as long as the process. */
export function notes(): Server {
  const sessions = new Map<string, string[]>();

  const own = (exchange: Exchange): string[] => {
    const id = cookiesOf(exchange.request).get(COOKIE);
    const known = id === undefined ? undefined : sessions.get(id);
    if (known !== undefined) return known;
    const oldest = sessions.keys().next();
    if (sessions.size >= MAX_SESSIONS && oldest.done !== true) sessions.delete(oldest.value);
    const fresh = randomBytes(16).toString('base64url');
    const list: string[] = [];
    sessions.set(fresh, list);
    exchange.response.setHeader('set-cookie', `${COOKIE}=${fresh}; Path=/; HttpOnly; SameSite=Lax`);
    return list;
  };

  return createServer(
    serve({
      'GET /': (exchange) => {
        own(exchange);
        send(exchange, 200, 'text/html', PAGE);
      },
      'GET /style.css': (exchange) => send(exchange, 200, 'text/css', STYLE),
      'GET /notes.js': (exchange) => send(exchange, 200, 'text/javascript', SCRIPT),
      'GET /api/notes': (exchange) => sendJson(exchange, 200, { notes: own(exchange) }),
      'POST /api/notes': async (exchange) => {
        const text = noteOf(await readBody(exchange.request, 8 * 1024));
        if (text === null) return sendJson(exchange, 400, { error: `{"text": 1 to ${MAX_TEXT} characters}` });
        const list = own(exchange);
        list.unshift(text);
        list.splice(MAX_NOTES);
        sendJson(exchange, 201, { notes: list });
      },
    }),
  );
}

function noteOf(body: Buffer | null): string | null {
  try {
    const value: unknown = JSON.parse((body ?? '').toString());
    if (typeof value !== 'object' || value === null || !('text' in value) || typeof value.text !== 'string')
      return null;
    const text = value.text.trim();
    return text === '' || text.length > MAX_TEXT ? null : text;
  } catch {
    return null;
  }
}
