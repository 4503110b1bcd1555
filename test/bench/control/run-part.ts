import { PARTS } from './parts.ts';
import type { PartOptions } from './part.ts';

/** `node run-part.ts NAME OPTIONS`, forked by the suite: one part in a process that nothing else has used. */
const [name = '', options = '{}'] = process.argv.slice(2);
const part = await PARTS[name]?.();
if (part === undefined) throw new Error(`no part is called ${name}`);
const rows = await part(JSON.parse(options) as PartOptions);
process.send?.(rows);
