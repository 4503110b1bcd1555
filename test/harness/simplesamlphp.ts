import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { awaitCondition } from './await-condition.ts';
import { awaitGone } from './leftovers.ts';
import { freePort } from './ports.ts';
import { Program } from './program.ts';
import { processesBelow } from './process-tree.ts';
import type { IdentityProvider, ServiceProvider } from './identity-provider.ts';

const run = promisify(execFile);
const INSTALLED = '/usr/share/simplesamlphp/www';
const ATTRIBUTE_MAPS = '/etc/simplesamlphp/attributemap/';

export interface SimpleSamlPerson {
  readonly user: string;
  readonly password: string;
  readonly mail: string;
  readonly displayName: string;
  readonly groups: readonly string[];
}

/** Debian's SimpleSAMLphp on PHP's own server: an IdP that we did not write. One temporary folder holds all of it. */
export async function startSimpleSaml(
  sp: ServiceProvider,
  people: readonly SimpleSamlPerson[],
): Promise<IdentityProvider & { readonly metadataUrl: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-ssp-'));
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const entityId = `${origin}/idp`;
  for (const name of ['cert', 'log', 'data', 'tmp', 'metadata', 'sessions', 'config']) mkdirSync(join(folder, name));
  const subject = '/CN=SimpleSAMLphp under test';
  const key = join(folder, 'cert/idp.pem');
  const certificate = join(folder, 'cert/idp.crt');
  const keyArguments = ['-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', subject, '-keyout', key];
  await run('openssl', ['req', '-x509', ...keyArguments, '-out', certificate]);
  writeFileSync(join(folder, 'config/config.php'), configuration(folder, origin));
  writeFileSync(join(folder, 'config/authsources.php'), accounts(people));
  writeFileSync(join(folder, 'metadata/saml20-idp-hosted.php'), hostedIdp(entityId));
  writeFileSync(join(folder, 'metadata/saml20-sp-remote.php'), remoteSp(sp));
  writeFileSync(join(folder, 'router.php'), ROUTER);

  const php = new Program({
    name: 'SimpleSAMLphp',
    command: 'php',
    args: ['-d', 'error_reporting=0', '-d', 'display_errors=0', '-S', `127.0.0.1:${port}`, join(folder, 'router.php')],
    cwd: folder,
    env: { SIMPLESAMLPHP_CONFIG_DIR: join(folder, 'config'), PHP_CLI_SERVER_WORKERS: '4' },
  });
  const stop = async (): Promise<void> => {
    // The master does not take its workers along.
    const pids = [php.pid, ...processesBelow(php.pid)];
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGTERM');
      } catch {
        // It ended by itself.
      }
    }
    await php.exited;
    await awaitGone(pids);
    await rm(folder, { recursive: true, force: true });
  };
  let metadata: string;
  try {
    metadata = await awaitCondition(
      'SimpleSAMLphp to show its metadata',
      async () => {
        const answer = await fetch(`${origin}/simplesaml/saml2/idp/metadata.php`);
        const xml = await answer.text();
        return answer.ok && xml.includes(entityId) && xml;
      },
      { timeoutMs: 20_000, everyMs: 100 },
    );
  } catch (error) {
    const tail = php.tail();
    await stop();
    throw new Error(`SimpleSAMLphp did not start\n${tail}`, { cause: error });
  }
  return {
    metadata,
    metadataUrl: `${origin}/simplesaml/saml2/idp/metadata.php`,
    caFile: null,
    async signIn(page, person) {
      const account = people.find(({ user }) => user === person);
      await page.getByLabel('Username').fill(person);
      await page.getByLabel('Password').fill(account?.password ?? '');
      await page.getByRole('button', { name: 'Login' }).click();
      await page.waitForURL((url) => url.origin !== origin);
    },
    stop,
  };
}

const text = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;
const list = (values: readonly string[]): string => `[${values.map(text).join(', ')}]`;

function configuration(folder: string, origin: string): string {
  return `<?php
$config = [
  'baseurlpath' => ${text(`${origin}/simplesaml/`)},
  'certdir' => ${text(`${folder}/cert/`)},
  'loggingdir' => ${text(`${folder}/log/`)},
  'datadir' => ${text(`${folder}/data/`)},
  'tempdir' => ${text(`${folder}/tmp`)},
  'metadatadir' => ${text(`${folder}/metadata/`)},
  'attributenamemapdir' => ${text(ATTRIBUTE_MAPS)},
  'secretsalt' => 'of-a-test-that-keeps-nothing',
  'auth.adminpassword' => 'nobody-signs-in-as-this',
  'technicalcontact_name' => 'nobody',
  'technicalcontact_email' => 'nobody@example.org',
  'timezone' => 'UTC',
  'admin.checkforupdates' => false,
  'trusted.url.domains' => [],
  'logging.level' => 5,
  'logging.handler' => 'file',
  'logging.logfile' => 'simplesamlphp.log',
  'logging.processname' => 'simplesamlphp',
  'enable.saml20-idp' => true,
  'module.enable' => ['core' => true, 'saml' => true, 'exampleauth' => true],
  'store.type' => 'phpsession',
  'session.phpsession.savepath' => ${text(`${folder}/sessions`)},
  'session.cookie.secure' => false,
  'session.cookie.samesite' => 'Lax',
  'language.default' => 'en',
  'language.available' => ['en'],
  'theme.use' => 'default',
  'production' => true,
  'metadata.sources' => [['type' => 'flatfile']],
  'authproc.idp' => [],
  'authproc.sp' => [],
];
`;
}

function accounts(people: readonly SimpleSamlPerson[]): string {
  const entries = people.map(
    (person) => `    ${text(`${person.user}:${person.password}`)} => [
      'uid' => ${list([person.user])},
      'mail' => ${list([person.mail])},
      'displayName' => ${list([person.displayName])},
      'groups' => ${list(person.groups)},
    ],`,
  );
  return `<?php
$config = [
  'admin' => ['core:AdminPassword'],
  'people' => ['exampleauth:UserPass',
${entries.join('\n')}
  ],
];
`;
}

function hostedIdp(entityId: string): string {
  const mail = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress';
  return `<?php
$metadata[${text(entityId)}] = [
  'host' => '__DEFAULT__',
  'privatekey' => 'idp.pem',
  'certificate' => 'idp.crt',
  'auth' => 'people',
  'signature.algorithm' => 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  'saml20.sign.response' => true,
  'saml20.sign.assertion' => true,
  'NameIDFormat' => ${text(mail)},
  'attributes.NameFormat' => 'urn:oasis:names:tc:SAML:2.0:attrname-format:basic',
  'authproc' => [1 => ['class' => 'saml:AttributeNameID', 'attribute' => 'mail', 'Format' => ${text(mail)}]],
];
`;
}

function remoteSp({ entityId, acsUrl, otherAcsUrls = [] }: ServiceProvider): string {
  const post = text('urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST');
  const endpoints = [acsUrl, ...otherAcsUrls].map(
    (url, index) => `['index' => ${index}, 'Binding' => ${post}, 'Location' => ${text(url)}]`,
  );
  return `<?php
$metadata[${text(entityId)}] = [
  'AssertionConsumerService' => [${endpoints.join(', ')}],
  'NameIDFormat' => 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
  'simplesaml.nameidattribute' => 'mail',
];
`;
}

/** PHP's server knows neither the folder's prefix nor PATH_INFO behind a script; scripts and styles are as they lie. */
const ROUTER = `<?php
$root = ${text(INSTALLED)};
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
$types = ['css' => 'text/css', 'js' => 'text/javascript', 'png' => 'image/png', 'ico' => 'image/x-icon'];
if (preg_match('#^/simplesaml(/resources/[\\w./-]+\\.(css|js|png|ico))$#', $path, $found)
  && strpos($path, '..') === false && is_file($root . $found[1])) {
  header('content-type: ' . $types[$found[2]]);
  readfile($root . $found[1]);
  return true;
}
if (!preg_match('#^/simplesaml(/.*?\\.php)(/.*)?$#', $path, $found) || !is_file($root . $found[1])) {
  http_response_code(404);
  return true;
}
$_SERVER['SCRIPT_NAME'] = '/simplesaml' . $found[1];
$_SERVER['SCRIPT_FILENAME'] = $root . $found[1];
$_SERVER['PHP_SELF'] = $path;
$_SERVER['PATH_INFO'] = $found[2] ?? '';
chdir(dirname($root . $found[1]));
require $root . $found[1];
return true;
`;
