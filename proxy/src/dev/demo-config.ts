import type { z } from 'zod';
import type { PolicyRule, privateApp } from '@causeway/contract';
import { stringify } from 'yaml';
import type { ConfigInput } from '../config/schema.ts';
import { deviceTarget, isOwnMachine, type DemoApp } from './demo-app.ts';
import { DEMO_DOMAINS, DEMO_PUBLISHER, type DemoPorts } from './demo-names.ts';
import { DEMO_GROUPS } from './people.ts';

type AppInput = z.input<typeof privateApp>;

export interface DemoConfig {
  readonly ports: DemoPorts;
  readonly workers: number;
  /** File with the metadata of the development identity provider, relative to the configuration. */
  readonly idpMetadata: string;
  /** The person's own app, if any; it is published beside the intranet and notes. */
  readonly app: DemoApp | null;
}

const HEADER = `# The configuration of the demo, written anew by every \`causeway dev\`: copy it to change it.
# \`causeway explain ada@corp.example intranet\` says what the rules make of a person and an app.
`;

/** `causeway.yaml` of the demo. */
export function demoConfigText(demo: DemoConfig): string {
  const config: ConfigInput = {
    listen: `127.0.0.1:${demo.ports.pop}`,
    workers: demo.workers,
    operations: `127.0.0.1:${demo.ports.operations}`,
    domains: DEMO_DOMAINS,
    identityProvider: { metadata: demo.idpMetadata },
    publishers: [{ name: DEMO_PUBLISHER }],
    apps: [
      corpApp('intranet', 'News, teams and files of the company'),
      corpApp('notes', 'Short notes, kept for as long as the demo runs'),
      ...(demo.app === null ? [] : [ownApp(demo.app)]),
    ],
    rules: rules(demo.app !== null),
  };
  return HEADER + stringify(config, { lineWidth: 120 });
}

/** Browsers and devices ask for one name and port; the publisher's own configuration says where that really is. */
function corpApp(name: string, description: string): AppInput {
  const host = `${name}.corp.example`;
  return {
    name,
    description,
    hosts: [host],
    ports: ['tcp/80'],
    publishers: [DEMO_PUBLISHER],
    clientless: { urls: [`${name}.${DEMO_DOMAINS.access}`], upstream: { scheme: 'http', host, port: 80 } },
  };
}

function ownApp(app: DemoApp): AppInput {
  const target = deviceTarget(app);
  return {
    name: 'app',
    description: 'Your own web application',
    hosts: [target.host],
    ports: [`tcp/${target.port}`],
    publishers: [DEMO_PUBLISHER],
    clientless: {
      urls: [`app.${DEMO_DOMAINS.access}`],
      upstream: { ...app, ...(app.scheme === 'https' && isOwnMachine(app) ? { verify: false } : {}) },
    },
  };
}

/** The first that matches decides. Nobody's rule names guests, so that for them no app exists. */
function rules(withOwnApp: boolean): PolicyRule[] {
  return [
    {
      name: 'contractors-not-intranet',
      groups: [DEMO_GROUPS.contractors],
      apps: ['intranet'],
      action: 'block',
      notice: 'The intranet is not for contractors. What you share with us belongs in notes, which is open to you.',
    },
    { name: 'contractors-notes', groups: [DEMO_GROUPS.contractors], apps: ['notes'], action: 'allow' },
    { name: 'engineering', groups: [DEMO_GROUPS.engineering], apps: ['intranet', 'notes'], action: 'allow' },
    ...(withOwnApp
      ? [{ name: 'own-app', groups: Object.values(DEMO_GROUPS), apps: ['app'], action: 'allow' } satisfies PolicyRule]
      : []),
  ];
}
