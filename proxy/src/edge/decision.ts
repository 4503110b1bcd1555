/**
 * The decision of the request path by itself, for `npm run bench -- core`: what an edge runs between a request's head
 * and its verdict once the session is known, and the same for a flow of a device. And what it does when the answer has
 * ended: the event, made and queued.
 */
export { policyInput } from '../policy/policy-input.ts';
export { packFacts } from '../policy/packed-facts.ts';
export { factsOf } from '../policy/rule-facts.ts';
export { atOnce } from '../policy/steps.ts';
export { Events } from '../delivery/events.ts';
export { ActiveSnapshot } from './config/active-snapshot.ts';
export { OpenedPrincipal } from './config/opened-principal.ts';
export { Exchange } from './exchange/exchange.ts';
export { hostInZone } from './exchange/host-pass.ts';
export { decideExchange } from './exchange/policy-pass.ts';
export { exchangeEvent } from './event-record.ts';
export { Session } from './sessions.ts';
