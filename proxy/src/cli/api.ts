import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { CausewayError } from '@causeway/contract';
import { ADMIN_OPTIONS, connectAdmin } from './admin-connection.ts';
import { number, parse } from './arguments.ts';
import { EXIT, say } from './output.ts';

const METHODS: readonly string[] = ['GET', 'PUT', 'POST', 'PATCH', 'DELETE'];

/** One request to the admin API as its document describes it, for what no verb of its own does. Prints JSON. */
export async function api(args: string[]): Promise<number> {
  const { values, positionals } = parse(args, {
    ...ADMIN_OPTIONS,
    body: { type: 'string' },
    'if-match': { type: 'string' },
  });
  const [method = '', path = ''] = positionals;
  if (positionals.length !== 2 || !METHODS.includes(method.toUpperCase()) || !/^\/[^{}\s]*$/.test(path)) {
    throw new CausewayError('CW_USAGE', 'api takes a method and a path below /api/v1, like: api GET /users?limit=5');
  }
  const match = values['if-match'];
  const body = values.body === undefined ? undefined : await readBody(values.body);
  const client = await connectAdmin(values);
  // Which routes there are, the API says; the client's types know them by name alone.
  const answer: unknown = await client.call(`${method.toUpperCase()} ${path.replace(/^\/api\/v1/, '')}` as 'GET /me', {
    ...({ body } as object),
    ...(match === undefined ? {} : { ifMatch: match === '*' ? 'any' : number('if-match', match, 1, 2 ** 31) }),
  });
  if (answer !== null) say(JSON.stringify(answer, null, 2));
  return EXIT.ok;
}

/** JSON as it stands, `@FILE`, or `-` for what comes on stdin. */
async function readBody(given: string): Promise<unknown> {
  let json: string;
  try {
    json =
      given === '-'
        ? await text(process.stdin)
        : given.startsWith('@')
          ? await readFile(given.slice(1), 'utf8')
          : given;
  } catch (error) {
    throw new CausewayError('CW_CONFIG_MISSING', `${given.slice(1)} cannot be read: ${String(error)}`, {
      cause: error,
    });
  }
  try {
    return JSON.parse(json) as unknown;
  } catch (error) {
    throw new CausewayError('CW_USAGE', `--body is no JSON: ${error instanceof Error ? error.message : ''}`, {
      cause: error,
    });
  }
}
