import { plan, probe } from '../../scripts/provision.ts';

/** What the suites need of a machine, by the names of Debian's packages; see `scripts/provision.ts`. */
export const BROWSER = ['chromium', 'libnss3-tools', 'openssl'] as const;
export const CURL = ['curl'] as const;
export const SIMPLESAMLPHP = [
  'simplesamlphp',
  'php-cli',
  'php-xml',
  'php-mbstring',
  'php-curl',
  'php-sqlite3',
  'openssl',
] as const;
export const POSTGRES = ['postgresql'] as const;
export const NAMESPACES = ['iproute2', 'nftables'] as const;
export const CAPTURE = ['tcpdump', 'tshark'] as const;
export const PING = ['iputils-ping'] as const;
/** Node cannot open a TUN device by itself. */
export const TUN = ['python3'] as const;

const { missing } = plan('test', probe('test'));

/**
 * Whether any of them is not here; then the reason is printed, because what is skipped is unproven.
 *
 *     describe.skipIf(lacking('sign-out', BROWSER)) …
 */
export function lacking(suite: string, ...needed: readonly (readonly string[])[]): boolean {
  const absent = missing.filter((name) => needed.some((names) => names.includes(name)));
  if (absent.length > 0) process.stdout.write(`skipped, and so unproven: ${suite}: no ${absent.join(', ')}\n`);
  return absent.length > 0;
}
