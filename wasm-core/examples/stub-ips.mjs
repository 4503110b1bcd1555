// Gives names addresses that no network uses, and keeps them across a restart. Run: node examples/stub-ips.mjs
import { StubTable } from '@causeway/wasm-core';

const options = { range: '100.64.0.0/10', range6: 'fd00:c0de::/96', reserved: ['100.64.0.0/24'] };
const now = 1_795_000_000; // seconds, of whatever clock

const stubs = new StubTable(options);
const wiki = stubs.allocate('wiki.example', now);
console.log('wiki.example', wiki.address, wiki.address6);

const snapshot = stubs.snapshot(); // bytes: keep them in a file
const restarted = StubTable.restore(snapshot, now + 60, options);
console.log('the same', restarted.allocate('wiki.example', now + 60).address === wiki.address);
