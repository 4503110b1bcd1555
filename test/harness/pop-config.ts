/** What the tests write into `causeway.yaml`; every name is below `.localhost`, so browsers find it by themselves. */
export interface TestConfig {
  readonly listen: string;
  readonly workers: number;
  readonly operations: string;
  readonly domains: { readonly access: string; readonly identity: string; readonly tunnel: string };
  readonly identityProvider: { readonly metadata: string; readonly [key: string]: string };
  readonly publishers: readonly { readonly name: string }[];
  readonly apps: readonly object[];
  readonly rules: readonly object[];
}

export interface ConfigOptions {
  readonly port: number;
  readonly operationsPort: number;
  readonly workers?: number;
  readonly apps: readonly object[];
  readonly rules: readonly object[];
  /** Absolute path of the identity provider's metadata. */
  readonly metadata: string;
  readonly host?: string;
  readonly domains?: TestConfig['domains'];
}

export const SITE_DOMAINS: TestConfig['domains'] = {
  access: 'site-apps.localhost',
  identity: 'site-id.localhost',
  tunnel: 'tunnel.site-pop.localhost',
};

/** The one publisher of the tests' deployments. */
export const PUBLISHER = 'office';

export function popConfig(options: ConfigOptions): TestConfig {
  const { port, operationsPort, workers = 1, apps, rules, metadata } = options;
  const { host = '127.0.0.1', domains = SITE_DOMAINS } = options;
  return {
    listen: `${host}:${port}`,
    workers,
    operations: `127.0.0.1:${operationsPort}`,
    domains,
    identityProvider: { metadata },
    publishers: [{ name: PUBLISHER }],
    apps,
    rules,
  };
}

export interface AppOptions {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly access?: string;
  readonly deviceHost?: string;
  readonly devicePort?: number;
  readonly clientless?: object;
}

/** One web app for browsers and agents alike. */
export function webApp(options: AppOptions): object {
  const { name, host, port, access = SITE_DOMAINS.access, clientless = {} } = options;
  const { deviceHost = `${name}.corp.example`, devicePort = 80 } = options;
  return {
    name,
    hosts: [deviceHost],
    ports: [`tcp/${devicePort}`],
    publishers: [PUBLISHER],
    clientless: { urls: [`${name}.${access}`], upstream: { scheme: 'http', host, port }, ...clientless },
  };
}

export const ALLOW_ALL: readonly object[] = [{ name: 'everybody', action: 'allow' }];
