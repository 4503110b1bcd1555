import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startDevChild, type DevChild } from './child.ts';
import type { DemoApp } from './demo-app.ts';
import { demoConfigText } from './demo-config.ts';
import { demoIdpUrl, loginOriginOf, type DemoPorts } from './demo-names.ts';
import { demoPublisherText } from './demo-publisher.ts';
import { idpKeys } from './idp/keys.ts';
import { idpMetadata } from './idp/metadata.ts';

/**
 * The demo around a PoP. In the data folder:
 *
 *     causeway.yaml          written by prepareDemo
 *     idp/                   signing key and metadata of the development identity provider
 *     intranet/files/        what was uploaded to the intranet
 *     publisher.yaml         written by startPublisher, because it names the intranet's ports
 *     publisher/, agent/     their identities
 *     log/                   what each process prints
 */
export interface Demo {
  readonly dataDir: string;
  readonly ports: DemoPorts;
  readonly workers: number;
  readonly app: DemoApp | null;
}

const main = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const logDir = (demo: Demo): string => join(demo.dataDir, 'log');

/** Writes everything that the PoP reads. @returns the configuration file */
export async function prepareDemo(demo: Demo): Promise<string> {
  const idpDir = join(demo.dataDir, 'idp');
  const { certificate } = await idpKeys(idpDir);
  await writeFile(join(idpDir, 'metadata.xml'), idpMetadata(demoIdpUrl(demo.ports), certificate), { mode: 0o600 });
  const file = join(demo.dataDir, 'causeway.yaml');
  await writeFile(file, demoConfigText({ ...demo, idpMetadata: 'idp/metadata.xml' }), { mode: 0o600 });
  return file;
}

/** @param tls PEM certificate chain and key for `DEMO_IDP_HOST` */
export function startIdp(demo: Demo, tls: { readonly cert: string; readonly key: string }): Promise<DevChild> {
  const login = loginOriginOf(demo.ports);
  return startDevChild({
    name: 'idp',
    main: main('idp/main.ts'),
    args: [
      JSON.stringify({
        dataDir: join(demo.dataDir, 'idp'),
        host: '127.0.0.1',
        port: demo.ports.idp,
        publicUrl: demoIdpUrl(demo.ports),
        cert: tls.cert,
        key: tls.key,
        serviceProviders: [{ entityId: `${login}/saml/metadata`, acs: `${login}/saml/acs` }],
      }),
    ],
    logDir: logDir(demo),
    up: 'says-ready',
  });
}

/**
 * Intranet and notes; `ports` of the child are theirs, in this order.
 *
 * @param ports what they had before, so that a publisher that knows them finds them again; any free ones otherwise
 */
export function startIntranet(demo: Demo, ports: readonly number[] = []): Promise<DevChild> {
  const [intranetPort = 0, notesPort = 0] = ports;
  const dataDir = join(demo.dataDir, 'intranet');
  return startDevChild({
    name: 'intranet',
    main: main('intranet/main.ts'),
    args: [JSON.stringify({ host: '127.0.0.1', intranetPort, notesPort, dataDir })],
    logDir: logDir(demo),
    up: 'says-ready',
  });
}

export interface PublisherStart {
  readonly intranet: DevChild;
  /** `null` when it enrolled before. */
  readonly joinToken: string | null;
}

export async function startPublisher(demo: Demo, { intranet, joinToken }: PublisherStart): Promise<DevChild> {
  const [intranetPort = 0, notesPort = 0] = intranet.ports;
  const file = join(demo.dataDir, 'publisher.yaml');
  const dataDir = join(demo.dataDir, 'publisher');
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await writeFile(file, demoPublisherText({ intranetPort, notesPort, app: demo.app, dataDir }), { mode: 0o600 });
  return startDevChild({
    name: 'publisher',
    main: fileURLToPath(import.meta.resolve('@causeway/publisher/bin')),
    args: ['up', '--config', file, ...(joinToken === null ? [] : ['--join', joinToken])],
    logDir: logDir(demo),
    up: 'runs',
  });
}

export function publisherEnrolled(demo: Demo): boolean {
  return existsSync(join(demo.dataDir, 'publisher', 'identity.json'));
}

export function agentEnrolled(demo: Demo): boolean {
  return existsSync(join(demo.dataDir, 'agent', 'identity.json'));
}

/** The agent, with its local proxy at `ports.agent`. @param joinToken `null` when it enrolled before */
export function startAgent(demo: Demo, joinToken: string | null): Promise<DevChild> {
  const port = String(demo.ports.agent);
  const data = join(demo.dataDir, 'agent');
  return startDevChild({
    name: 'agent',
    main: fileURLToPath(import.meta.resolve('@causeway/agent-lite/bin')),
    args: ['up', '--local-proxy', '--port', port, '--data', data, ...(joinToken === null ? [] : ['--join', joinToken])],
    logDir: logDir(demo),
    up: 'runs',
  });
}
