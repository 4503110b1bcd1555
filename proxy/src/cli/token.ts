import { CausewayError } from '@causeway/contract';
import type { AdminClient, AdminRequest } from '../admin-client/admin-client.ts';
import { ADMIN_OPTIONS, connectAdmin } from './admin-connection.ts';
import { number, parse } from './arguments.ts';
import { EXIT, say } from './output.ts';

const OPTIONS = {
  ...ADMIN_OPTIONS,
  role: { type: 'string' },
  permission: { type: 'string', multiple: true },
  app: { type: 'string', multiple: true },
  days: { type: 'string' },
  hours: { type: 'string' },
  label: { type: 'string' },
} as const;

type Values = ReturnType<typeof parse<typeof OPTIONS>>['values'];

/** The token is alone on stdout, so that a script can keep it; what people should know of it goes to stderr. */
interface Made {
  readonly answer: { readonly token: string };
  readonly note: string;
}

const DAY_MS = 24 * 3_600_000;
const API_DAYS = 90;
const MAX_DAYS = 400;
const MAX_JOIN_HOURS = 720;

const KINDS: Readonly<
  Record<string, (client: () => Promise<AdminClient>, name: string | undefined, values: Values) => Promise<Made>>
> = {
  publisher: async (client, name, values) => {
    allow(values, ['hours']);
    const publisher = needed(name, 'token publisher takes the name of a publisher');
    const hours = values.hours === undefined ? {} : { hours: number('hours', values.hours, 1, MAX_JOIN_HOURS) };
    const answer = await (
      await client()
    ).call('POST /publishers/{name}/join-tokens', { params: { name: publisher }, query: hours });
    const until = new Date(answer.expiresAt).toISOString();
    const how = `causeway-publisher up --join "$(cat FILE)" --allow HOST:PORT`;
    return { answer, note: `good once, until ${until}; on the publisher's machine:\n  ${how}` };
  },
  api: async (client, name, values) => {
    allow(values, ['role', 'permission', 'days']);
    const { role, permission } = values;
    if ((role === undefined) === (permission === undefined)) {
      throw new CausewayError('CW_USAGE', 'an API token has a --role, or any number of --permission');
    }
    const answer = await (
      await client()
    ).call('POST /tokens', {
      // Which roles and permissions there are, the API says.
      body: {
        name: needed(name, 'token api takes a name, by which the audit calls what it does'),
        ...(role === undefined ? {} : { role }),
        ...(permission === undefined ? {} : { permissions: permission }),
        expiresAt: inDays(values.days ?? String(API_DAYS)),
      } as AdminRequest<'POST /tokens'>['body'],
    });
    return { answer, note: `shown this once; ${answer.name} has it until ${day(answer.expiresAt)} (${answer.id})` };
  },
  service: async (client, name, values) => {
    allow(values, ['app', 'days']);
    if (values.app === undefined) throw new CausewayError('CW_USAGE', 'a service token has one --app or more');
    const answer = await (
      await client()
    ).call('POST /service-tokens', {
      body: {
        name: needed(name, 'token service takes a name'),
        apps: values.app,
        expiresAt: inDays(values.days ?? String(API_DAYS)),
      },
    });
    return { answer, note: `shown this once; for ${values.app.join(', ')} until ${day(answer.expiresAt)}` };
  },
  scim: async (client, name, values) => {
    allow(values, ['label', 'days']);
    const { label = 'by command line', days } = values;
    const answer = await (
      await client()
    ).call('POST /scim-tokens', {
      body: {
        label,
        ...(name === undefined ? {} : { idp: name }),
        expiresAt: days === undefined ? null : inDays(days),
      },
    });
    return { answer, note: `shown this once; the provider ${answer.idp} sends its people to\n  ${answer.address}` };
  },
};

/** A token of any kind; a single word that is no kind is a publisher. */
export async function token(args: string[]): Promise<number> {
  const { values, positionals } = parse(args, OPTIONS);
  const [word = '', ...more] = positionals;
  const make = Object.hasOwn(KINDS, word) ? KINDS[word] : undefined;
  const names = make === undefined ? positionals : more;
  if (word === '' || names.length > 1) {
    throw new CausewayError('CW_USAGE', 'token takes publisher, api, service or scim, and a name');
  }
  const { answer, note } = await (make ?? publisherToken)(() => connectAdmin(values), names[0], values);
  if (values.json) say(JSON.stringify(answer));
  else {
    say(answer.token);
    process.stderr.write(`${note}\n`);
  }
  return EXIT.ok;
}

const publisherToken = KINDS['publisher'] as NonNullable<(typeof KINDS)[string]>;

function needed(name: string | undefined, message: string): string {
  if (name === undefined) throw new CausewayError('CW_USAGE', message);
  return name;
}

/** An option of another kind would be a promise that nothing keeps. */
function allow(values: Values, known: readonly (keyof Values)[]): void {
  for (const option of ['role', 'permission', 'app', 'days', 'hours', 'label'] as const) {
    if (values[option] === undefined || known.includes(option)) continue;
    throw new CausewayError('CW_USAGE', `a token of this kind has no --${option}`);
  }
}

function inDays(text: string): number {
  return Date.now() + number('days', text, 1, MAX_DAYS) * DAY_MS;
}

function day(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
