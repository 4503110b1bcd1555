import { addressNumber, canonicalName, CausewayError, isLocalhostName } from '@causeway/contract';

/** A person's own web application, as `causeway dev URL` names it. */
export interface DemoApp {
  readonly scheme: 'http' | 'https';
  /** A canonical name or an address without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Throws `CW_USAGE` with what to write instead. */
export function parseDemoApp(text: string): DemoApp {
  const wrong = (why: string): CausewayError =>
    new CausewayError('CW_USAGE', `"${text}" ${why}; write the address of your app like http://localhost:3000`);
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) throw wrong('is no http or https URL');
  if (url.username !== '' || url.password !== '') throw wrong('holds a user name');
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw wrong('names one page, but an app is published whole');
  }
  const scheme = url.protocol === 'https:' ? 'https' : 'http';
  const bare = url.hostname.replace(/^\[|\]$/g, '');
  const host = addressNumber(bare) === null ? canonicalName(bare) : bare;
  if (host === null) throw wrong('has no host that a publisher could ask for');
  return { scheme, host, port: url.port === '' ? (scheme === 'https' ? 443 : 80) : Number(url.port) };
}

const V4_LOOPBACK = { from: 0xffff_7f00_0000n, to: 0xffff_7fff_ffffn };

/** Whether the app runs on this machine, where nobody has a certificate that others would trust. */
export function isOwnMachine({ host }: DemoApp): boolean {
  const address = addressNumber(host);
  if (address === null) return isLocalhostName(host);
  return address === 1n || (address >= V4_LOOPBACK.from && address <= V4_LOOPBACK.to);
}

/**
 * What devices call the app: `app.corp.example` on the scheme's own port where the publisher can pin that name to an
 * address, else the app's own name and port.
 */
export function deviceTarget(app: DemoApp): {
  readonly host: string;
  readonly port: number;
  readonly pin: string | null;
} {
  const address = addressNumber(app.host) !== null ? app.host : isLocalhostName(app.host) ? '127.0.0.1' : null;
  if (address === null) return { host: app.host, port: app.port, pin: null };
  return {
    host: 'app.corp.example',
    port: app.scheme === 'https' ? 443 : 80,
    pin: hostPort(address, app.port),
  };
}

export function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
