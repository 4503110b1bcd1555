/** An edge worker and the control process's side of its line, for `npm run bench -- control`. */
export { FakeCa } from './fakes/ca.ts';
export { FakeControl } from './fakes/control.ts';
export { CrowdedEdge } from './fakes/crowd.ts';
export { ACCESS_DOMAIN, secretsOf, snapshotOf, type Configuration } from './fakes/snapshot.ts';
