import { z } from 'zod';
import { configSchema } from './schema.ts';

/**
 * The JSON Schema (2020-12) of `causeway.yaml` for editors: what may be written, so defaults are optional. Rules that
 * tie entries together are only checked on loading.
 */
export function configJsonSchema(): string {
  const schema = z.toJSONSchema(configSchema, { io: 'input', target: 'draft-2020-12' });
  return `${shortLists(JSON.stringify({ title: 'causeway.yaml', ...schema }, null, 2))}\n`;
}

/** Lists of words on one line, as the formatter would have it. */
function shortLists(json: string): string {
  return json.replaceAll(/\[\n\s+("[^"\n]*"(?:,\n\s+"[^"\n]*")*)\n\s+\]/g, (_, words: string) => {
    return `[${words.replaceAll(/,\n\s+/g, ', ')}]`;
  });
}
