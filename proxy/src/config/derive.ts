import { enrolName } from '@causeway/contract';
import { parseHostPort, type Deployment, type HostPort } from './schema.ts';

/** What follows from the configuration, in one place, so that no two processes derive it differently. */

function checked(text: string): HostPort {
  const address = parseHostPort(text);
  if (address === null) throw new TypeError(`not host:port: ${text}`);
  return address;
}

/** Where the edge workers listen. */
export function listenAddress(config: Deployment): HostPort {
  return checked(config.listen);
}

/** Where the supervisor answers health and metrics; loopback. */
export function operationsAddress(config: Deployment): HostPort {
  return checked(config.operations);
}

/** The port in URLs and join tokens. */
export function publicPort(config: Deployment): number {
  return config.publicPort ?? listenAddress(config).port;
}

/** `https://host`, with the port where it is not 443; no final slash. */
export function webOrigin(host: string, port: number): string {
  return port === 443 ? `https://${host}` : `https://${host}:${port}`;
}

export function loginHost(config: Deployment): string {
  return `login.${config.domains.identity}`;
}

export function adminHost(config: Deployment): string {
  return `admin.${config.domains.identity}`;
}

export function loginOrigin(config: Deployment): string {
  return webOrigin(loginHost(config), publicPort(config));
}

export function adminOrigin(config: Deployment): string {
  return webOrigin(adminHost(config), publicPort(config));
}

/** Our SAML entity id. */
export function entityId(config: Deployment): string {
  return config.identityProvider.entityId ?? `${loginOrigin(config)}/saml/metadata`;
}

/** `host:port` that join tokens carry: every name below the tunnel domain leads to this PoP. */
export function popAddress(config: Deployment): string {
  return `${enrolName(config.domains.tunnel)}:${publicPort(config)}`;
}

/** How long established access goes on while nobody can say whether it still holds. */
export function graceMs(config: Deployment): number {
  return config.session.graceMinutes * 60_000;
}

export function sessionMs(config: Deployment): number {
  return config.session.hours * 3_600_000;
}
