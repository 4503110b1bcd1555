import { PolicyMatcher } from '@causeway/wasm-core';

addEventListener('message', ({ data: { image, user } }) => {
  const matcher = new PolicyMatcher(image);
  const session = matcher.open({ user, groups: [], method: 'browser' });
  postMessage(matcher.decide(session, 0, 'tcp', 443, { destination: 'wiki.example' }));
});
