import { PolicyMatcher, compilePolicy } from '@causeway/wasm-core';

// The image is bytes: compiled once, decided on in the page and in a worker.
const image = compilePolicy({
  apps: [{ name: 'wiki', tags: [] }],
  rules: [{ users: ['bob'] }, { users: ['ada'], destinations: ['*.example'] }],
});
const matcher = new PolicyMatcher(image);
const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
const user = document.querySelector('#user');

worker.addEventListener('message', ({ data }) => {
  document.querySelector('#worker').textContent = String(data);
});

function evaluate() {
  const session = matcher.open({ user: user.value, groups: [], method: 'browser' });
  const rule = matcher.decide(session, 0, 'tcp', 443, { destination: 'wiki.example' });
  matcher.close(session);
  document.querySelector('#page').textContent = String(rule);
  worker.postMessage({ image, user: user.value });
}

user.addEventListener('input', evaluate);
evaluate();
