import { PolicyMatcher, compilePolicy, createCore } from '@causeway/wasm-core';

// The image is bytes: compiled once, decided on in the page and in a worker.
const image = compilePolicy({
  apps: [{ name: 'wiki', tags: [] }],
  rules: [{ users: ['bob'] }, { users: ['ada'], destinations: ['*.example'] }],
});
const matcher = new PolicyMatcher(image);
const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
const [user, text] = ['#user', '#text'].map((name) => document.querySelector(name));
const show = (name, value) => {
  document.querySelector(name).textContent = String(value);
};

worker.addEventListener('message', ({ data: { rule, numbers } }) => {
  show('#worker', rule);
  show('#worker-numbers', numbers);
});

async function evaluate() {
  worker.postMessage({ image, user: user.value, text: text.value });
  const session = matcher.open({ user: user.value, groups: [], method: 'browser' });
  show('#page', matcher.decide(session, 0, 'tcp', 443, { destination: 'wiki.example' }));
  matcher.close(session);
  // The scanners come only now, as a file of their own.
  const scanner = (await createCore().scan()).digitRuns();
  const numbers = [];
  scanner.each(new TextEncoder().encode(text.value), (digits, start) => numbers.push(start));
  scanner.eachAtEnd((digits, start) => numbers.push(start));
  show('#page-numbers', numbers);
}

for (const input of [user, text]) input.addEventListener('input', () => void evaluate());
await evaluate();
