import { CausewayError } from '@causeway/contract';
import type { AdminClient } from '../admin-client/admin-client.ts';
import { didYouMean } from '../config/closest.ts';
import { ADMIN_OPTIONS, connectAdmin } from './admin-connection.ts';
import { parse } from './arguments.ts';
import { EXIT, say } from './output.ts';

/** What ended, and how many streams and tunnels that were open; `null` where that is not counted. */
interface Ended {
  readonly what: string;
  readonly cut: number | null;
}

const WHY = 'revoked by the command line';

const KINDS: Readonly<Record<string, (client: AdminClient, id: string) => Promise<Ended>>> = {
  async session(client, id) {
    const { cut } = await client.call('DELETE /sessions/{id}', { params: { id } });
    return { what: `session ${id}`, cut };
  },
  /** Their sessions, and their devices for good. */
  async user(client, user) {
    const { sessions, cut } = await client.call('POST /sessions/revoke', { body: { user } });
    let devices = 0;
    for await (const { id, state } of client.all('GET /devices', { query: { limit: 500, 'filter[user]': user } })) {
      if (state === 'removed') continue;
      await client.call('POST /devices/{id}/force-remove', { params: { id }, body: { why: WHY } });
      devices += 1;
    }
    if (sessions + devices === 0) throw new CausewayError('CW_NOT_FOUND', `${user} has no session and no device`);
    return { what: `${sessions} session(s) and ${devices} device(s) of ${user}`, cut };
  },
  async device(client, id) {
    await client.call('POST /devices/{id}/force-remove', { params: { id }, body: { why: WHY } });
    return { what: `device ${id}`, cut: null };
  },
  /** An instance by its id, or all that enrolled as a publisher, by its name. */
  async publisher(client, wanted) {
    const { items } = await client.call('GET /publisher-status', {});
    const live = items.flatMap(({ instances }) => instances).filter(({ revokedAt }) => revokedAt === null);
    const ids = live.filter(({ id, name }) => id === wanted || name === wanted).map(({ id }) => id);
    if (ids.length === 0) throw new CausewayError('CW_NOT_FOUND', `no publisher ${wanted} is enrolled`);
    let cut = 0;
    for (const id of ids) cut += (await client.call('DELETE /publisher-instances/{id}', { params: { id } })).cut;
    return { what: `${ids.length} instance(s) of publisher ${wanted}`, cut };
  },
  async token(client, id) {
    await client.call('DELETE /tokens/{id}', { params: { id } });
    return { what: `token ${id}`, cut: null };
  },
  /** Of a publisher, by its id in `get join-tokens`. */
  async 'join-token'(client, id) {
    await client.call('DELETE /join-tokens/{id}', { params: { id } });
    return { what: `join token ${id}`, cut: null };
  },
  async 'service-token'(client, id) {
    await client.call('DELETE /service-tokens/{id}', { params: { id } });
    return { what: `service token ${id}`, cut: null };
  },
  async 'scim-token'(client, wanted) {
    const { items } = await client.call('GET /scim-tokens', {});
    const found = items.filter(({ hash, label }) => hash === wanted || label === wanted);
    const [only] = found;
    if (only === undefined) throw new CausewayError('CW_NOT_FOUND', `there is no SCIM token ${wanted}`);
    if (found.length > 1)
      throw new CausewayError('CW_USAGE', `${found.length} are called ${wanted}; name it by its hash`);
    await client.call('DELETE /scim-tokens/{idp}/{hash}', { params: { idp: only.idp, hash: only.hash } });
    return { what: `SCIM token ${only.label}`, cut: null };
  },
};

/** Ends access now, streams that are open included. */
export async function revoke(args: string[]): Promise<number> {
  const { values, positionals } = parse(args, ADMIN_OPTIONS);
  const [kind = '', id] = positionals;
  const end = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
  if (end === undefined || id === undefined || positionals.length > 2) {
    const kinds = Object.keys(KINDS);
    const meant = end === undefined && kind !== '' ? didYouMean(kind, kinds) : '';
    throw new CausewayError('CW_USAGE', `revoke takes one of ${kinds.join(', ')}, and its id or name${meant}`);
  }
  const { what, cut } = await end(await connectAdmin(values), id);
  if (values.json) say(JSON.stringify({ revoked: what, cut }));
  else say(`revoked ${what}${cut === null ? '' : `; ${cut} open stream(s) cut`}`);
  return EXIT.ok;
}
