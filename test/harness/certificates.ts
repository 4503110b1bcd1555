import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const DAY_MS = 24 * 3_600_000;

/** A certificate authority of the tests' own, made with the openssl of the machine. */
export interface Authority {
  /** PEM file of its certificate. */
  readonly file: string;
  issue(options: IssueOptions): Promise<Issued>;
}

export interface IssueOptions {
  readonly names: readonly string[];
  /** Milliseconds since 1970; a day around now where absent. */
  readonly notBefore?: number;
  readonly notAfter?: number;
}

export interface Issued {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
}

const CONFIGURATION = (folder: string): string => `[ca]
default_ca = here
[here]
database = ${folder}/index.txt
serial = ${folder}/serial
new_certs_dir = ${folder}
certificate = ${folder}/ca.pem
private_key = ${folder}/ca.key
default_md = sha256
policy = any
copy_extensions = none
unique_subject = no
[any]
commonName = supplied
`;

export async function makeAuthority(folder: string, name: string): Promise<Authority> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, 'ca.pem');
  const config = join(folder, 'ca.cnf');
  writeFileSync(config, CONFIGURATION(folder));
  writeFileSync(join(folder, 'index.txt'), '');
  writeFileSync(join(folder, 'serial'), '01\n');
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const usage = ['-addext', 'keyUsage=critical,keyCertSign,cRLSign'];
  const subject = ['-subj', `/CN=${name}`, '-days', '30', '-keyout', join(folder, 'ca.key'), '-out', file];
  await run('openssl', ['req', '-x509', ...curve, ...usage, ...subject]);
  let issued = 0;
  return {
    file,
    async issue({ names, notBefore = Date.now() - DAY_MS, notAfter = Date.now() + DAY_MS }) {
      const base = join(folder, `leaf-${++issued}`);
      const [keyFile, request, certFile, extensions] = [`${base}.key`, `${base}.csr`, `${base}.pem`, `${base}.ext`];
      writeFileSync(
        extensions,
        `subjectAltName=${names.map((one) => `DNS:${one}`).join(',')}\nextendedKeyUsage=serverAuth\n`,
      );
      await run('openssl', ['req', ...curve, '-subj', `/CN=${names[0] ?? name}`, '-keyout', keyFile, '-out', request]);
      const life = ['-startdate', openSslTime(notBefore), '-enddate', openSslTime(notAfter)];
      const files = ['-in', request, '-out', certFile, '-extfile', extensions, '-notext'];
      await run('openssl', ['ca', '-batch', '-config', config, ...life, ...files]);
      return { certFile, keyFile, cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
    },
  };
}

/** `YYYYMMDDHHMMSSZ`. */
function openSslTime(at: number): string {
  return new Date(at)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(/[-:T]/g, '');
}
