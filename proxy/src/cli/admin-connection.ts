import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getCACertificates } from 'node:tls';
import { CausewayError } from '@causeway/contract';
import { AdminClient, type AdminTransport } from '../admin-client/admin-client.ts';
import { askPop } from './admin-client.ts';
import { DATA_AND_JSON, dataDir } from './arguments.ts';
import { bearerToken } from './bearer-token.ts';
import { httpsTransport } from './https-transport.ts';

/** Of every verb that speaks to the admin API. */
export const ADMIN_OPTIONS = {
  ...DATA_AND_JSON,
  url: { type: 'string' },
  token: { type: 'string' },
  ca: { type: 'string' },
} as const;

export interface AdminOptions {
  readonly data?: string | undefined;
  readonly url?: string | undefined;
  readonly token?: string | undefined;
  readonly ca?: string | undefined;
}

/** The API gives each request a minute. */
const REQUEST_MS = 65_000;

/**
 * The admin API at `--url` or `CAUSEWAY_URL`, else over the socket of the data folder. There a token may be absent: an
 * owner is made by break-glass then, which the audit shows.
 *
 * @throws CausewayError `CW_USAGE`, `CW_CONFIG_MISSING` (the CA's file), `CW_RPC_CLOSED`
 */
export async function connectAdmin(
  values: AdminOptions,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<AdminClient> {
  const remote = await remoteAdmin(values, environment);
  if (remote !== null) return adminClientAt(remote);
  const token = await bearerToken(values.token, environment);
  if (values.ca !== undefined) throw new CausewayError('CW_USAGE', '--ca goes with --url or CAUSEWAY_URL');
  const data = dataDir(values.data);
  const overSocket: AdminTransport = (request) => askPop(data, 'admin.api', request, REQUEST_MS);
  return new AdminClient(overSocket, token ?? (await breakGlass(data)));
}

/** Where the admin API is asked over HTTPS. */
export interface RemoteAdmin {
  readonly origin: string;
  readonly token: string;
  /** PEM certificates that are trusted, and no others. */
  readonly ca: readonly string[];
}

/** What `--url` or `CAUSEWAY_URL` and the rest say; `null` without. @throws as `connectAdmin` */
export async function remoteAdmin(
  values: AdminOptions,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<RemoteAdmin | null> {
  const url = values.url ?? environment['CAUSEWAY_URL'] ?? '';
  if (url === '') return null;
  const token = await bearerToken(values.token, environment);
  const origin = adminOrigin(url);
  if (token === null) {
    throw new CausewayError('CW_USAGE', `${origin} needs a token: CAUSEWAY_TOKEN, or --token with a file of mode 0600`);
  }
  return { origin, token, ca: await trusted(values) };
}

export function adminClientAt({ origin, token, ca }: RemoteAdmin): AdminClient {
  return new AdminClient(httpsTransport({ origin, ca, timeoutMs: REQUEST_MS }), token);
}

/** @throws CausewayError `CW_USAGE` */
export function adminOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.protocol !== 'https:' || url.username !== '' || url.href !== `${url.origin}/`) {
    throw new CausewayError('CW_USAGE', 'the URL is that of the admin host alone, like https://admin.id.example');
  }
  return url.origin;
}

/** `--ca` alone; else whom this machine trusts, and the CA of a PoP whose data folder is here. */
async function trusted({ ca, data }: AdminOptions): Promise<string[]> {
  if (ca !== undefined) return [await certificates(ca)];
  const own = join(dataDir(data), 'ca.pem');
  return [...getCACertificates('default'), ...(existsSync(own) ? [await certificates(own)] : [])];
}

async function certificates(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CausewayError('CW_CONFIG_MISSING', `${file} cannot be read: ${String(error)}`, { cause: error });
  }
}

async function breakGlass(data: string): Promise<string> {
  const { token } = await askPop(data, 'admin.owner', null);
  process.stderr.write(
    'no token: as a break-glass owner, which log and audit show; CAUSEWAY_TOKEN would give it a name\n',
  );
  return token;
}
