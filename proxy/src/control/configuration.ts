import { readFile } from 'node:fs/promises';
import { CausewayError } from '@causeway/contract';
import { entityId, sessionMs } from '../config/derive.ts';
import type { Config } from '../config/schema.ts';
import type { ServerCertificates } from './ca/web-certificates.ts';
import type { ConfigWatch } from './config-watch.ts';
import type { Health } from './health.ts';
import { parseMetadata } from './identity/saml/metadata.ts';
import type { Logger } from './log.ts';
import { PolicyView } from './policy-view.ts';
import type { Published } from './published.ts';
import { compileSnapshot, numberSnapshot, type Analysis } from './snapshot/compiler.ts';
import type { Store } from './store/store.ts';

export interface ConfigurationOptions {
  readonly configFile: string;
  readonly store: Store;
  readonly log: Logger;
  readonly health: Health;
  readonly now: () => number;
  /** Reads or issues the certificates of a configuration; what this throws refuses the configuration whole. */
  readonly certificates: (config: Config) => Promise<ServerCertificates>;
  /** Called with each configuration after the first, when it is in force here and before `reload` resolves. */
  readonly onPublished: (published: Published, certificates: ServerCertificates) => Promise<void>;
}

/** A configuration that nothing refused, with what it was published together with. */
interface Built {
  readonly published: Published;
  readonly certificates: ServerCertificates;
}

/** The configuration in force, and the way from the file to the next one. What does not compile is refused whole. */
export class Configuration {
  readonly #options: ConfigurationOptions;
  #current: Published | null = null;
  #watch: ConfigWatch | null = null;
  /** Of the configuration built last. */
  #analysis: Analysis | null = null;
  /** Reloads run one after the other, in the order they were asked for. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(options: ConfigurationOptions) {
    this.#options = options;
  }

  /** Throws what is wrong with the configuration: without a first one the PoP cannot run. */
  static async open(
    options: ConfigurationOptions,
  ): Promise<{ configuration: Configuration; certificates: ServerCertificates }> {
    const configuration = new Configuration(options);
    try {
      const { published, certificates } = await configuration.#build();
      configuration.#put(published);
      return { configuration, certificates };
    } catch (error) {
      // Nothing was in force that could be refused for something else: say what is wrong itself.
      const { cause } = error as Error;
      throw cause instanceof CausewayError ? new CausewayError(cause.code, cause.message, { cause }) : error;
    }
  }

  /** From now on a change of the files is a reload. */
  watch(watch: (onChange: () => void) => ConfigWatch): void {
    this.#watch = watch(() => void this.reload().catch(() => undefined));
    this.#watch.follow(filesOf(this.#options.configFile, this.current()));
  }

  current(): Published {
    if (this.#current === null) throw new CausewayError('CW_INTERNAL', 'no configuration is published');
    return this.#current;
  }

  /** @returns the number now in force; rejects with `CW_SNAPSHOT_REFUSED` and leaves the old one in force */
  reload(): Promise<number> {
    const next = this.#last.then(() => this.#reload());
    this.#last = next.catch(() => undefined);
    return next;
  }

  close(): Promise<void> {
    this.#watch?.close();
    return this.#last.then(() => this.#analysis?.stop());
  }

  async #reload(): Promise<number> {
    const { log, health, onPublished, configFile } = this.#options;
    let built: Built;
    try {
      built = await this.#build();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log.error({ code: 'CW_SNAPSHOT_REFUSED' }, `the new configuration is refused, the old one stays: ${reason}`);
      health.set(
        'configuration',
        'degraded',
        `CW_SNAPSHOT_REFUSED, number ${this.current().snapshot.number} stays: ${reason}`,
      );
      throw error instanceof CausewayError && error.code === 'CW_SNAPSHOT_REFUSED'
        ? error
        : new CausewayError('CW_SNAPSHOT_REFUSED', reason, { cause: error });
    }
    const { published, certificates } = built;
    this.#put(published);
    this.#watch?.follow(filesOf(configFile, published));
    await onPublished(published, certificates);
    return published.snapshot.number;
  }

  #put(published: Published): void {
    this.#current = published;
    const { number, apps, rules } = published.snapshot;
    this.#options.log.info({ snapshot: number, apps: apps.length, rules: rules.length }, 'configuration published');
    this.#options.health.set('configuration', 'ok', `number ${number}`);
    this.#options.health.set('identity provider', 'ok', `metadata of ${published.idp.entityId}`);
  }

  async #build(): Promise<Built> {
    const { store, configFile, now, log } = this.#options;
    const compiled = await compileSnapshot(configFile);
    const { config, warnings, analysis } = compiled;
    this.#analysis?.stop();
    this.#analysis = analysis;
    for (const warning of warnings) log.warn(warning);
    const idp = parseMetadata(await readMetadata(config.identityProvider.metadata));
    const certificates = await this.#options.certificates(config);
    const { snapshot } = await numberSnapshot(store, compiled, now());
    const trust = { idp, spEntityId: entityId(config), acsUrl: `${snapshot.loginOrigin}/saml/acs` };
    const policy = new PolicyView(snapshot, now());
    void analysis.done.then((found) => {
      for (const warning of found?.warnings ?? []) log.warn(warning);
      policy.shadowed = found?.shadowed ?? null;
    });
    return { published: { config, snapshot, policy, idp, trust, sessionMs: sessionMs(config) }, certificates };
  }
}

async function readMetadata(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new CausewayError('CW_CONFIG_MISSING', `the identity provider's metadata ${file} cannot be read`, { cause });
  }
}

function filesOf(configFile: string, { config }: Published): string[] {
  const { access, identity } = config.certificates;
  const pairs = [access, identity].flatMap((pair) => (pair === undefined ? [] : [pair.cert, pair.key]));
  return [configFile, config.identityProvider.metadata, ...pairs];
}
