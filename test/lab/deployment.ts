import { join } from 'node:path';
import { startDevIdp } from '../harness/dev-idp.ts';
import { endAll } from '../harness/end-all.ts';
import { startOwnApp } from '../harness/own-app.ts';
import { popConfig, PUBLISHER, webApp, type TestConfig } from '../harness/pop-config.ts';
import { awaitPublisher, startPop, startPublisher, temporaryFolder, type Folder, type Pop } from '../harness/pop.ts';
import type { Program } from '../harness/program.ts';
import { ADDRESS, buildNetwork, type Network } from './network.ts';

const DOMAINS: TestConfig['domains'] = {
  access: 'lab-apps.example',
  identity: 'lab-id.example',
  tunnel: 'tunnel.lab-pop.example',
};
const IDP = { hostName: 'idp.lab-idp.example', port: 8_444 } as const;
const APP = { name: 'intranet', deviceHost: 'intranet.corp.example', port: 80 } as const;

export const LOGIN_ORIGIN = `https://login.${DOMAINS.identity}`;
export const APP_URL = `https://${APP.name}.${DOMAINS.access}`;
export const DEVICE_URL = `http://${APP.deviceHost}`;
export const APP_PORT = APP.port;

/** PoP and identity provider in `edge`, publisher and app in `corp`; `user` has nothing but names. */
export interface Deployment {
  readonly network: Network;
  readonly folder: Folder;
  readonly pop: Pop;
  readonly publisher: Program;
  readonly caFiles: readonly string[];
  stop(): Promise<void>;
}

export async function deploy(mtu: number, workers: number): Promise<Deployment> {
  const ends: (() => Promise<unknown>)[] = [];
  const stop = (): Promise<void> => endAll(...ends.splice(0).toReversed());
  try {
    const network = await buildNetwork(mtu);
    ends.push(() => network.remove());
    const { user, edge, corp } = network;
    const folder = temporaryFolder('lab');
    ends.push(() => folder.forget());
    user.hosts(names(ADDRESS.edgeForUser, workers));
    edge.hosts({});
    corp.hosts({ ...names(ADDRESS.edgeForCorp, workers), [APP.deviceHost]: ADDRESS.corp });

    const app = await startOwnApp({ host: ADDRESS.corp, port: APP.port, prefix: corp.exec });
    ends.push(() => app.stop());
    const sp = { entityId: `${LOGIN_ORIGIN}/saml/metadata`, acsUrl: `${LOGIN_ORIGIN}/saml/acs` };
    const idp = await startDevIdp({ folder, sp, ...IDP, host: ADDRESS.edgeForUser, prefix: edge.exec });
    ends.push(() => idp.stop());

    const apps = [
      webApp({
        name: APP.name,
        host: APP.deviceHost,
        port: APP.port,
        access: DOMAINS.access,
        deviceHost: APP.deviceHost,
        devicePort: APP.port,
      }),
    ];
    const rules = [{ name: 'engineers', groups: ['engineering'], action: 'allow' }];
    const metadata = folder.file('idp.xml', idp.metadata);
    const settings = { host: '0.0.0.0', port: 443, operationsPort: 9_464, domains: DOMAINS, workers };
    const configFile = folder.file('causeway.yaml', popConfig({ ...settings, apps, rules, metadata }));
    const data = join(folder.path, 'pop');
    const pop = await startPop({ configFile, data, prefix: edge.exec });
    ends.push(() => pop.stop());
    const publisher = startPublisher({
      join: await pop.token(PUBLISHER),
      allow: [`${APP.deviceHost}:${APP.port}`],
      data: join(folder.path, 'publisher'),
      prefix: corp.exec,
    });
    ends.push(() => publisher.stop());
    await awaitPublisher(data, PUBLISHER, workers, publisher);
    const caFiles = [pop.ca, ...(idp.caFile === null ? [] : [idp.caFile])];
    return { network, folder, pop, publisher, caFiles, stop };
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
}

/** Everything that leads to the PoP, as seen from one side of it. */
function names(address: string, workers: number): Record<string, string> {
  const tunnels = ['enrol', 'agent', ...Array.from({ length: workers }, (_, index) => `w${index}`)];
  const all = [
    `${APP.name}.${DOMAINS.access}`,
    `login.${DOMAINS.identity}`,
    IDP.hostName,
    ...tunnels.map((name) => `${name}.${DOMAINS.tunnel}`),
  ];
  return Object.fromEntries(all.map((name) => [name, address]));
}
