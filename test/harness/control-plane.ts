import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { endAll } from './end-all.ts';
import { Guide, type Readiness } from './guide.ts';
import { startOwnApp } from './own-app.ts';
import { awaitPublisher, temporaryFolder } from './pop.ts';
import { freePorts } from './ports.ts';
import { startPostgres } from './postgres.ts';
import { ROOT } from './program.ts';
import { startSimpleSaml, type SimpleSamlPerson } from './simplesamlphp.ts';
import type { IdentityProvider } from './identity-provider.ts';

const WORK = 'causeway-trial';

/** What the administrator of `docs/first-steps.md` has before the first command: an IdP, an app, and nothing else. */
export interface Administrator {
  readonly guide: Guide;
  readonly idp: IdentityProvider;
  /** Ports of the PoPs that the document calls 8443 and 8444. */
  readonly ports: readonly [number, number];
  /** Path of a file in the folder that the document makes. */
  file(name: string): string;
  /** For the document's terminals, once so many edge workers of that PoP shall be reached by its publisher. */
  ready(data: string, workers: number): Readonly<Record<string, Readiness>>;
  stop(): Promise<void>;
}

export async function startAdministrator(options: {
  readonly people: readonly SimpleSamlPerson[];
  readonly postgres: boolean;
}): Promise<Administrator> {
  const folder = temporaryFolder('first-steps');
  const started: (() => Promise<unknown>)[] = [() => folder.forget()];
  const stop = (): Promise<void> => endAll(...started.splice(0).toReversed());
  try {
    const [first = 0, second = 0, operations = 0, more = 0] = await freePorts(4);
    const app = await startOwnApp();
    started.push(() => app.stop());
    const database = options.postgres ? await startPostgres() : null;
    if (database !== null) started.push(() => database.stop());
    const login = 'https://login.id.localhost';
    const acs = (port: number): string => `${login}:${port}/saml/acs`;
    const sp = { entityId: `${login}/saml/metadata`, acsUrl: acs(first), otherAcsUrls: [acs(second)] };
    const idp = await startSimpleSaml(sp, options.people);
    started.push(() => idp.stop());
    const shell = join(folder.path, 'shell');
    mkdirSync(shell);
    const guide = new Guide({
      file: 'docs/first-steps.md',
      folder: shell,
      work: WORK,
      replaced: {
        '/opt/causeway/': ROOT,
        'https://idp.example/simplesaml/saml2/idp/metadata.php': idp.metadataUrl,
        'postgres://causeway@db.example/causeway': `'${database?.url ?? 'postgres://none'}'`,
        '8443': String(first),
        '8444': String(second),
        '9464': String(operations),
        '9465': String(more),
        '127.0.0.1:3000': `127.0.0.1:${app.port}`,
        'port: 3000': `port: ${app.port}`,
      },
    });
    started.push(() => guide.close());
    const file = (name: string): string => join(shell, WORK, name);
    return {
      guide,
      idp,
      ports: [first, second],
      file,
      ready: (data, workers) => ({
        causeway: (program) => program.line('to be ready', (line) => line.includes('PoP is ready') || undefined),
        'causeway-publisher': (program) => awaitPublisher(file(data), 'office', workers, program),
      }),
      stop,
    };
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
}
