import { compilePolicy, createCore } from '@causeway/wasm-core';

const input = {
  apps: [{ name: 'wiki', tags: [] }],
  rules: [{ users: ['bob'] }, { users: ['ada'], destinations: ['*.example'] }],
};
const core = createCore();
const policy = core.policy(input);
const image = compilePolicy(input); // bytes, for the worker
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
  const session = policy.open({ user: user.value, groups: [], method: 'browser' });
  show('#page', policy.decide(session, 0, 'tcp', 443, { destination: 'wiki.example' }));
  policy.close(session);
  // The scanners come only now, as a file of their own.
  const scanner = (await core.scan()).digitRuns();
  const numbers = [];
  scanner.each(new TextEncoder().encode(text.value), (digits, start) => numbers.push(start));
  scanner.eachAtEnd((digits, start) => numbers.push(start));
  show('#page-numbers', numbers);
}

show('#engine', core.engine);
for (const field of [user, text]) field.addEventListener('input', () => void evaluate());
await evaluate();
