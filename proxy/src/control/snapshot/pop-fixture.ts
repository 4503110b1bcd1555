import { writeFileSync } from 'node:fs';
import { pino } from 'pino';
import type { ServerCertificates } from '../ca/web-certificates.ts';
import { Configuration } from '../configuration.ts';
import { Health } from '../health.ts';
import { ObjectStore } from '../objects/object-store.ts';
import type { Published } from '../published.ts';
import type { Database, StoreLocation } from '../store/database.ts';
import { openDatabase } from '../store/open-database.ts';
import type { SnapshotCompiler } from './compiler.ts';
import { Publishing } from './publishing.ts';
import { Snapshots } from './snapshots.ts';

/** The part of a control process that publishes, for tests: as many on one store as a test wants. */
export interface TestPop {
  readonly database: Database;
  readonly objects: ObjectStore;
  readonly configuration: Configuration;
  readonly snapshots: Snapshots;
  readonly health: Health;
  /** Numbers in the order in which they came into force after the first. */
  readonly published: readonly number[];
  /** Resolves when this number is in force here. */
  inForce(number: number): Promise<Published>;
  close(): Promise<void>;
}

/** Names of the rules in force, in their order. */
export function ruleNames({ snapshot: { facts } }: Published): string[] {
  return Array.from({ length: facts.count }, (_, rule) => facts.verdict(rule)?.name ?? '');
}

/** A configuration file without objects; `more` is appended. */
export function writeDeployment(file: string, more = ''): void {
  const head = `domains: { access: causeway.localhost, identity: causeway-id.localhost, tunnel: tunnel.localhost }
identityProvider: { metadata: idp.xml }
`;
  writeFileSync(file, head + more);
}

const CERTIFICATE = { cert: '', key: '' };
const CERTIFICATES: ServerCertificates = {
  custom: [],
  access: CERTIFICATE,
  identity: CERTIFICATE,
  tunnel: CERTIFICATE,
  renewAt: Number.MAX_SAFE_INTEGER,
  warnings: [],
};

/** @param compiler stays open */
export async function openTestPop(
  compiler: SnapshotCompiler,
  location: StoreLocation,
  configFile: string,
  keep = 100,
): Promise<TestPop> {
  const database = await openDatabase(location);
  const objects = new ObjectStore(database, Date.now);
  const health = new Health();
  const published: number[] = [];
  const waiting = new Set<() => void>();
  try {
    const { configuration } = await Configuration.open({
      configFile,
      publishing: new Publishing({ database, location, compiler, objects, now: Date.now, keep }),
      log: pino({ level: 'silent' }),
      health,
      certificates: () => Promise.resolve(CERTIFICATES),
      onOffered: () => Promise.resolve(),
      onPublished: ({ snapshot }) => {
        published.push(snapshot.number);
        for (const look of waiting) look();
        return Promise.resolve();
      },
    });
    const stopFollowing = database.onMoved(() => void configuration.follow());
    return {
      database,
      objects,
      configuration,
      health,
      published,
      snapshots: new Snapshots({ database, location, compiler, objects, configuration }),
      inForce: async (number) => {
        const { promise, resolve } = Promise.withResolvers<void>();
        const look = (): void => {
          if (configuration.current().snapshot.number >= number) resolve();
        };
        waiting.add(look);
        look();
        await promise;
        waiting.delete(look);
        return configuration.current();
      },
      close: async () => {
        stopFollowing();
        await configuration.close();
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}
