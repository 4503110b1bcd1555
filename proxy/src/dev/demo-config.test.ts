import { addressNumber } from '@causeway/contract';
import { AllowList, parseConfig as parsePublisherConfig, TargetMap } from '@causeway/publisher/testing';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../config/load.ts';
import { parseDemoApp } from './demo-app.ts';
import { demoConfigText } from './demo-config.ts';
import { demoPorts, demoUrls } from './demo-names.ts';
import { demoPublisherText } from './demo-publisher.ts';
import { DEMO_PEOPLE } from './people.ts';

const APPS = [
  null,
  'http://localhost:3000',
  'https://localhost:3000',
  'http://127.0.0.1:80',
  'http://[::1]:5173/',
  'https://wiki.lan',
].map((url) => (url === null ? null : parseDemoApp(url)));

function configOf(app: (typeof APPS)[number]) {
  return parseConfig(
    demoConfigText({ ports: demoPorts(), workers: 1, idpMetadata: 'idp/metadata.xml', app }),
    'causeway.yaml',
  );
}

function publisherOf(app: (typeof APPS)[number]) {
  return parsePublisherConfig(
    demoPublisherText({ intranetPort: 18_080, notesPort: 18_081, app, dataDir: 'publisher' }),
    'publisher.yaml',
  );
}

describe.each(APPS)('the demo with %j', (app) => {
  it('is a configuration without a warning', () => {
    const { config, warnings } = configOf(app);
    expect(warnings).toEqual([]);
    const { apps } = demoUrls(demoPorts(), app);
    const urls = config.apps.map(({ name, clientless }) => [name, `https://${clientless?.urls[0]}:8443/`]);
    expect(Object.fromEntries(urls)).toEqual(apps);
  });

  it('asks its publisher for nothing that the publisher would refuse', () => {
    const publisher = publisherOf(app);
    const allow = new AllowList(publisher.allow);
    const targets = configOf(app).config.apps.flatMap(({ hosts, ports, clientless }) => [
      ...hosts.map((host) => ({ host, port: Number(ports[0]?.split('/')[1]) })),
      ...(clientless === undefined ? [] : [clientless.upstream]),
    ]);
    for (const { host, port } of targets) {
      const permitted = addressNumber(host) === null ? allow.name(host, port) : allow.address(host, port);
      expect(permitted).toMatchObject({ permit: true });
    }
    const pins = new TargetMap(publisher.map);
    for (const { host, port } of targets.filter((target) => target.host.endsWith('.corp.example'))) {
      const pin = pins.find(host, port);
      expect(allow.address(pin?.address ?? '', pin?.port ?? 0)).toMatchObject({ permit: true });
    }
  });
});

describe('the demo’s rules', () => {
  /** First match, as the policy is written; the real matcher has its own tests. */
  function ruleFor(person: string, app: string) {
    const groups = DEMO_PEOPLE.find(({ id }) => id === person)?.groups ?? [];
    return configOf(parseDemoApp('http://localhost:3000')).config.rules.find(
      (rule) => (rule.apps ?? []).includes(app) && (rule.groups ?? []).some((group) => groups.includes(group)),
    );
  }

  it.each([
    ['ada', 'intranet', 'allow'],
    ['ada', 'notes', 'allow'],
    ['ben', 'intranet', 'block'],
    ['ben', 'notes', 'allow'],
    ['cleo', 'intranet', undefined],
    ['cleo', 'notes', undefined],
    ['ada', 'app', 'allow'],
    ['ben', 'app', 'allow'],
    ['cleo', 'app', 'allow'],
  ])('for %s and %s say %s', (person, app, action) => {
    expect(ruleFor(person, app)?.action).toBe(action);
  });

  it('tell the person who is blocked why', () => {
    expect(ruleFor('ben', 'intranet')?.notice).toMatch(/contractors/);
  });
});

describe('an own app', () => {
  it.each([
    ['http://localhost:3000', { scheme: 'http', host: 'localhost', port: 3000 }],
    ['http://LOCALHOST/', { scheme: 'http', host: 'localhost', port: 80 }],
    ['https://wiki.lan', { scheme: 'https', host: 'wiki.lan', port: 443 }],
    ['http://[::1]:5173', { scheme: 'http', host: '::1', port: 5173 }],
  ])('%s is taken apart', (text, app) => {
    expect(parseDemoApp(text)).toEqual(app);
  });

  it.each(['localhost:3000', '3000', 'ftp://localhost', 'http://u:p@localhost', 'http://localhost:3000/page', ''])(
    '%j is refused with what to write',
    (text) => {
      expect(() => parseDemoApp(text)).toThrow(/http:\/\/localhost:3000/);
    },
  );

  it('on this machine needs no certificate that others trust; elsewhere it does', () => {
    const verify = (url: string) => configOf(parseDemoApp(url)).config.apps.at(-1)?.clientless?.upstream.verify;
    expect(verify('https://localhost:3000')).toBe(false);
    expect(verify('https://wiki.lan')).toBe(true);
  });
});
