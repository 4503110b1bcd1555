import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publishedOf } from './configuration.ts';
import type { IdentityProvider } from './identity/saml/metadata.ts';
import { makeTestIdp, metadataOf, type TestIdp } from './identity/saml/test-idp.ts';
import { ObjectStore } from './objects/object-store.ts';
import type { Published } from './published.ts';
import { SnapshotCompiler } from './snapshot/compiler.ts';
import { Publishing } from './snapshot/publishing.ts';
import type { Database, StoreLocation } from './store/database.ts';
import { openDatabase } from './store/open-database.ts';

/** A data folder and a configuration for tests of the control process, with an identity provider of the test's own. */
export interface ControlFixture {
  readonly dir: string;
  readonly dataDir: string;
  readonly configFile: string;
  readonly idp: TestIdp;
  writeConfig(change?: string): void;
  remove(): void;
}

export const LOGIN_ORIGIN = 'https://login.causeway-id.localhost:8443';
export const ACS = `${LOGIN_ORIGIN}/saml/acs`;
export const SP = `${LOGIN_ORIGIN}/saml/metadata`;
export const APP_HOST = 'intranet.causeway.localhost';
export const SSO_URL = 'https://idp.test/sso';

const CONFIG = `listen: 127.0.0.1:8443
domains:
  access: causeway.localhost
  identity: causeway-id.localhost
  tunnel: tunnel.causeway-pop.localhost
identityProvider:
  metadata: idp.xml
publishers:
  - name: corp
apps:
  - name: intranet
    description: The intranet
    tags: [internal]
    hosts: [intranet.corp.example]
    ports: [tcp/80]
    publishers: [corp]
    clientless:
      urls: [${APP_HOST}]
      upstream: { host: intranet.corp.example, port: 80 }
  - name: payroll
    hosts: [payroll.corp.example]
    ports: [tcp/443]
    publishers: [corp]
rules:
  - name: payroll-blocked
    apps: [payroll]
    groups: [engineering]
    action: block
    notice: Ask the payroll team.
  - name: staff
    groups: [staff]
    tags: [internal]
    action: allow
`;

export async function makeControlFixture(): Promise<ControlFixture> {
  const dir = mkdtempSync(join(tmpdir(), 'causeway-control-'));
  const idp = await makeTestIdp();
  writeFileSync(join(dir, 'idp.xml'), metadataOf(idp, SSO_URL));
  const configFile = join(dir, 'causeway.yaml');
  const writeConfig = (change = ''): void => writeFileSync(configFile, CONFIG + change);
  writeConfig();
  return {
    dir,
    dataDir: join(dir, 'data'),
    configFile,
    idp,
    writeConfig,
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** Publishes the file as a starting control process does. */
export async function publishFile(
  location: StoreLocation,
  configFile: string,
  idp: IdentityProvider,
): Promise<Published> {
  const database = await openDatabase(location);
  const compiler = new SnapshotCompiler();
  try {
    return await publishWith(database, location, compiler, configFile, idp);
  } finally {
    await compiler.close();
    await database.close();
  }
}

export async function publishWith(
  database: Database,
  location: StoreLocation,
  compiler: SnapshotCompiler,
  configFile: string,
  idp: IdentityProvider,
): Promise<Published> {
  const publishing = new Publishing({
    database,
    location,
    compiler,
    objects: new ObjectStore(database, Date.now),
    now: Date.now,
  });
  const composed = await publishing.compose(await publishing.compile({ from: 'file', configFile }));
  const number = await publishing.number(composed.compiled, { actor: 'test', comment: '' });
  return publishedOf(publishing, composed, publishing.adopt(composed, number), idp);
}
