import { join } from 'node:path';
import { startDevIdp } from './dev-idp.ts';
import { endAll } from './end-all.ts';
import type { IdentityProvider, ServiceProvider } from './identity-provider.ts';
import { popConfig, PUBLISHER, SITE_DOMAINS, type TestConfig } from './pop-config.ts';
import {
  awaitPublisher,
  startPop,
  startPublisher,
  temporaryFolder,
  type Folder,
  type Pop,
  type PublisherOptions,
} from './pop.ts';
import { freePorts } from './ports.ts';
import type { Program } from './program.ts';

export interface SiteOptions {
  readonly name: string;
  readonly workers?: number;
  readonly apps: readonly object[];
  readonly rules: readonly object[];
  readonly allow: readonly string[];
  readonly map?: readonly string[];
  readonly transport?: PublisherOptions['transport'];
  /** The development IdP where absent. */
  readonly idp?: (sp: ServiceProvider, folder: Folder) => Promise<IdentityProvider>;
}

/** A small deployment: identity provider, `causeway pop` with a configuration of its own, and an enrolled publisher. */
export interface Site {
  readonly folder: Folder;
  readonly config: TestConfig;
  readonly configFile: string;
  readonly idp: IdentityProvider;
  readonly port: number;
  pop: Pop;
  publisher: Program;
  url(app: string, path?: string): string;
  readonly loginOrigin: string;
  /** Whom a browser has to trust. */
  readonly caFiles: readonly string[];
  /** Starts the publisher again, with the identity that it has. */
  restartPublisher(): Promise<void>;
  restartPop(): Promise<void>;
  stop(): Promise<void>;
}

export async function startSite(options: SiteOptions): Promise<Site> {
  const { workers = 1, apps, rules, allow, map = [], transport } = options;
  const folder = temporaryFolder(options.name);
  const [port = 0, operationsPort = 0] = await freePorts(2);
  const loginOrigin = `https://login.${SITE_DOMAINS.identity}:${port}`;
  const started: (() => Promise<unknown>)[] = [() => folder.forget()];
  const stop = (): Promise<void> => endAll(...started.splice(0).toReversed());
  try {
    const sp = { entityId: `${loginOrigin}/saml/metadata`, acsUrl: `${loginOrigin}/saml/acs` };
    const idp = await (options.idp?.(sp, folder) ?? startDevIdp({ folder, sp }));
    started.push(() => idp.stop());
    const metadata = folder.file('idp.xml', idp.metadata);
    const config = popConfig({ port, operationsPort, workers, apps, rules, metadata });
    const configFile = folder.file('causeway.yaml', config);
    const data = join(folder.path, 'pop');
    const start = (): Promise<Pop> => startPop({ configFile, data });
    const publish = (token?: string): Program =>
      startPublisher({
        allow,
        map,
        data: join(folder.path, 'publisher'),
        ...(token === undefined ? {} : { join: token }),
        ...(transport === undefined ? {} : { transport }),
      });
    const pop = await start();
    started.push(() => site.pop.stop());
    const publisher = publish(await pop.token(PUBLISHER));
    started.push(() => site.publisher.stop());
    await awaitPublisher(data, PUBLISHER, workers, publisher);
    const site: Site = {
      folder,
      config,
      configFile,
      idp,
      port,
      pop,
      publisher,
      loginOrigin,
      caFiles: [pop.ca, ...(idp.caFile === null ? [] : [idp.caFile])],
      url: (app, path = '/') => `https://${app}.${SITE_DOMAINS.access}:${port}${path}`,
      async restartPublisher() {
        site.publisher = publish();
        await awaitPublisher(data, PUBLISHER, workers, site.publisher);
      },
      async restartPop() {
        await site.pop.stop();
        site.pop = await start();
      },
      stop,
    };
    return site;
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
}
