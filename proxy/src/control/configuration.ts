import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { CausewayError, codeOf } from '@causeway/contract';
import { entityId, sessionMs } from '../config/derive.ts';
import type { Deployment } from '../config/schema.ts';
import { unpackFacts } from '../policy/packed-facts.ts';
import { inTurns } from '../policy/steps.ts';
import type { OfferedSnapshot } from '../rpc/offered-snapshot.ts';
import type { ServerCertificates, WebNames } from './ca/web-certificates.ts';
import type { ConfigWatch } from './config-watch.ts';
import type { Health } from './health.ts';
import { parseMetadata, type IdentityProvider } from './identity/saml/metadata.ts';
import type { Logger } from './log.ts';
import { checkComment, type PreparedChange } from './objects/prepared-change.ts';
import { PolicyView } from './policy-view.ts';
import type { Published } from './published.ts';
import type { Bodies } from './snapshot/checked-contents.ts';
import type { DeadRulesSearch } from './snapshot/dead-rules-search.ts';
import type { ContentsSource } from './snapshot/job.ts';
import type { ComposedContents, Publishing } from './snapshot/publishing.ts';

export interface ConfigurationOptions {
  readonly configFile: string;
  readonly publishing: Publishing;
  readonly log: Logger;
  readonly health: Health;
  /** Reads or issues the certificates of a configuration; what this throws refuses the configuration whole. */
  readonly certificates: (names: WebNames) => Promise<ServerCertificates>;
  /**
   * Called with what somebody published as soon as it has its number, while control still builds its own view of it:
   * edges need not wait for that.
   */
  readonly onOffered: (offered: OfferedSnapshot, certificates: ServerCertificates) => Promise<void>;
  /** Called with each configuration after the first, when it is in force here and before what made it resolves. */
  readonly onPublished: (published: Published, certificates: ServerCertificates) => Promise<void>;
}

/** A configuration that nothing refused, with what it was published together with. */
interface Built {
  readonly published: Published;
  readonly certificates: ServerCertificates;
  readonly warnings: readonly string[];
}

/** Who publishes, and why. */
export interface PublishedBy {
  readonly actor: string;
  readonly comment: string;
}

export interface PublishResult {
  /** That is in force now; the one that was, where nothing has changed. */
  readonly number: number;
  readonly warnings: readonly string[];
}

/** Somebody else publishes in between so often at most before it is their turn for good. */
const ATTEMPTS = 3;

/**
 * The configuration in force, and the ways to the next one: the file was changed, somebody publishes the working set,
 * or another control process of the same store did. What does not compile is refused whole.
 */
export class Configuration {
  readonly #options: ConfigurationOptions;
  #current: Published | null = null;
  #offered: OfferedSnapshot | null = null;
  #watch: ConfigWatch | null = null;
  /** One thing after the other, in the order they were asked for. */
  #last: Promise<unknown> = Promise.resolve();
  /** Whether a look for another's snapshot is asked for and has not begun. */
  #looking = false;
  /** Of the snapshot in force. */
  #deadRules: { readonly number: number; readonly search: DeadRulesSearch } | null = null;
  /** Of another's snapshot that was refused here; looking at it again would change nothing. */
  #refused = 0;
  /** The file was changed while the store was lost. */
  #missedReload = false;

  private constructor(options: ConfigurationOptions) {
    this.#options = options;
  }

  /** Throws what is wrong with the configuration: without a first one the PoP cannot run. */
  static async open(
    options: ConfigurationOptions,
  ): Promise<{ configuration: Configuration; certificates: ServerCertificates }> {
    const configuration = new Configuration(options);
    try {
      const { published, certificates } = await configuration.#fromFile();
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

  /** What edges are to have: what is in force here, or is about to be. */
  offered(): OfferedSnapshot {
    return this.#offered ?? this.current().edges;
  }

  /** @returns the number now in force; rejects with `CW_SNAPSHOT_REFUSED` and leaves the old one in force */
  reload(): Promise<number> {
    return this.#inTurn(() => this.#reload());
  }

  /**
   * Makes the working set the next snapshot, in force on every connected edge when this resolves.
   *
   * @throws CausewayError `CW_SNAPSHOT_REFUSED`, its `problems` each with kind, name, path and reason; the old one stays
   */
  async publish(by: PublishedBy): Promise<PublishResult> {
    checkComment(by.comment);
    return this.#inTurn(async () => {
      const { config, snapshot, idp } = this.current();
      this.#forgetDeadRules();
      try {
        const told: Promise<void>[] = [];
        const offer = (offered: OfferedSnapshot, certificates: ServerCertificates): void => {
          if (offered.manifest.number === snapshot.number) return;
          this.#offered = offered;
          // What fails here fails again, and is told, once it is in force.
          told.push(this.#options.onOffered(offered, certificates).catch(() => undefined));
        };
        const { published, certificates, warnings } = await this.#build({ from: 'working', config }, by, idp, offer);
        const { number } = published.snapshot;
        if (number !== snapshot.number) {
          this.#put(published);
          await Promise.all(told);
          await this.#options.onPublished(published, certificates);
        }
        return { number, warnings };
      } finally {
        if (this.#deadRules === null) this.#searchDeadRules(this.current());
      }
    });
  }

  /**
   * What the working set would be refused for if it were published, with changes that are not made.
   *
   * @returns warnings
   * @throws CausewayError `CW_SNAPSHOT_REFUSED` as `publish`
   */
  async check(changes: readonly PreparedChange[] = []): Promise<readonly string[]> {
    const { config } = this.current();
    return (await this.#options.publishing.compile({ from: 'working', config, changes })).warnings;
  }

  /** After the store was lost: what changed in the file or at another control process meanwhile. Never rejects. */
  async catchUp(): Promise<void> {
    if (this.#missedReload) await this.reload().catch(() => undefined);
    await this.follow();
  }

  /** Looks whether another control process has published, and follows. Never rejects; any number of calls are cheap. */
  async follow(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    await this.#inTurn(() => {
      this.#looking = false;
      return this.#follow();
    }).catch(() => undefined);
  }

  close(): Promise<void> {
    this.#watch?.close();
    return this.#last.then(() => this.#deadRules?.search.stop());
  }

  #inTurn<T>(what: () => Promise<T>): Promise<T> {
    const next = this.#last.then(what);
    this.#last = next.catch(() => undefined);
    return next;
  }

  async #reload(): Promise<number> {
    const { onPublished, configFile } = this.#options;
    let built: Built;
    try {
      built = await this.#fromFile();
      this.#missedReload = false;
    } catch (error) {
      this.#missedReload = codeOf(error) === 'CW_STORE_LOST';
      throw this.#refusal('the new configuration', error);
    }
    const { published, certificates } = built;
    this.#put(published);
    this.#watch?.follow(filesOf(configFile, published));
    await onPublished(published, certificates);
    return published.snapshot.number;
  }

  async #follow(): Promise<void> {
    const { publishing, onPublished } = this.#options;
    const number = await publishing.lastNumber();
    if (number <= this.current().snapshot.number || number === this.#refused) return;
    try {
      const { config, idp } = this.current();
      const composed = await publishing.compose(await publishing.compile({ from: 'snapshot', config, number }));
      const certificates = await this.#options.certificates(webNames(config, composed.bodies));
      const published = await publishedOf(publishing, composed, publishing.adopt(composed, number), idp);
      this.#put(published);
      await onPublished(published, certificates);
    } catch (error) {
      // What could not be read may be good.
      if (codeOf(error) === 'CW_STORE_LOST') throw error;
      this.#refused = number;
      throw this.#refusal(`snapshot ${number} of another PoP`, error);
    }
  }

  /** Says it where people look. */
  #refusal(what: string, error: unknown): CausewayError {
    const { log, health } = this.#options;
    const reason = error instanceof Error ? error.message : String(error);
    const { number } = this.current().snapshot;
    if (codeOf(error) === 'CW_STORE_LOST') {
      log.warn({ code: 'CW_STORE_LOST' }, `${what} is looked at when the store is back`);
      return new CausewayError('CW_STORE_LOST', reason, { cause: error });
    }
    log.error({ code: 'CW_SNAPSHOT_REFUSED' }, `${what} is refused, the old one stays: ${reason}`);
    health.set('configuration', 'degraded', `CW_SNAPSHOT_REFUSED, number ${number} stays: ${reason}`);
    return error instanceof CausewayError && error.code === 'CW_SNAPSHOT_REFUSED'
      ? error
      : new CausewayError('CW_SNAPSHOT_REFUSED', reason, { cause: error });
  }

  #put(published: Published): void {
    this.#current = published;
    this.#offered = null;
    const { number, apps, facts } = published.snapshot;
    this.#options.log.info({ snapshot: number, apps: apps.length, rules: facts.count }, 'configuration published');
    this.#options.health.set('configuration', 'ok', `number ${number}`);
    this.#options.health.set('identity provider', 'ok', `metadata of ${published.idp.entityId}`);
    this.#searchDeadRules(published);
  }

  /** The search would take a core from who publishes, and what it finds nobody will ask for. */
  #forgetDeadRules(): void {
    void this.#deadRules?.search.stop();
    this.#deadRules = null;
  }

  /** Once for each snapshot; what another one's search has not found yet nobody needs any more. */
  #searchDeadRules({ snapshot: { number }, policy }: Published): void {
    const { publishing, configFile, log } = this.#options;
    if (this.#deadRules?.number !== number) {
      this.#forgetDeadRules();
      this.#deadRules = { number, search: publishing.searchDeadRules(number, configFile) };
      void this.#deadRules.search.done.then((found) => {
        for (const warning of found?.warnings ?? []) log.warn(warning);
      });
    }
    void this.#deadRules.search.done.then((found) => (policy.shadowed = found?.shadowed ?? null));
  }

  async #fromFile(): Promise<Built> {
    const { configFile, log } = this.#options;
    const by = { actor: basename(configFile), comment: 'the file was read' };
    const built = await this.#build({ from: 'file', configFile }, by, null);
    for (const warning of built.warnings) log.warn(warning);
    return built;
  }

  /** @param idp the identity provider; `null` reads what the configuration names */
  async #build(
    source: ContentsSource,
    by: PublishedBy,
    idp: IdentityProvider | null,
    offer: (offered: OfferedSnapshot, certificates: ServerCertificates) => void = () => {},
  ): Promise<Built> {
    const { publishing } = this.#options;
    for (let attempt = 1; ; attempt++) {
      const compiled = await publishing.compile(source);
      const { config, warnings } = compiled;
      const provider = idp ?? parseMetadata(await readMetadata(config.identityProvider.metadata));
      const composed = await publishing.compose(compiled);
      const certificates = await this.#options.certificates(webNames(config, composed.bodies));
      try {
        const edges = publishing.adopt(composed, await publishing.number(compiled, by));
        offer(edges, certificates);
        return { published: await publishedOf(publishing, composed, edges, provider), certificates, warnings };
      } catch (error) {
        if (codeOf(error) !== 'CW_CONFLICT' || attempt === ATTEMPTS) throw error;
      }
    }
  }
}

/** What control works with, made from composed contents and what edges are told of them. */
export async function publishedOf(
  publishing: Publishing,
  { compiled, bodies }: ComposedContents,
  edges: OfferedSnapshot,
  idp: IdentityProvider,
): Promise<Published> {
  const { config } = compiled;
  const { rules: _r, objects: _o, image: _i, facts: _f, ...head } = edges.manifest;
  const snapshot = { ...head, apps: bodies.apps, facts: unpackFacts(compiled.facts.bytes) };
  const trust = { idp, spEntityId: entityId(config), acsUrl: `${snapshot.loginOrigin}/saml/acs` };
  const source = { ...snapshot, image: compiled.image.bytes, tried: publishing.tried.bind(publishing) };
  const policy = await inTurns(PolicyView.building(source, publishing.now()), setImmediate, () => true);
  if (policy === null) throw new TypeError('it is wanted');
  return { config, snapshot, edges, objects: bodies, policy, idp, trust, sessionMs: sessionMs(config) };
}

export function webNames(
  deployment: Deployment,
  { apps, certificates: custom }: Pick<Bodies, 'apps' | 'certificates'>,
): WebNames {
  return { deployment, apps, custom };
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
