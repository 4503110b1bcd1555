import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pickPerson, type Person } from './as-person.ts';
import { makeAuthority } from './certificates.ts';
import { fetchText } from './https-client.ts';
import { jsonLine } from './program.ts';
import { prefixed, type Folder } from './pop.ts';
import { freePort } from './ports.ts';
import type { IdentityProvider, ServiceProvider } from './identity-provider.ts';

export interface DevIdpOptions {
  readonly folder: Folder;
  readonly sp: ServiceProvider;
  readonly hostName?: string;
  readonly host?: string;
  readonly port?: number;
  readonly prefix?: readonly string[];
}

/** The development identity provider as a process of its own, for a PoP that a test configures. */
export async function startDevIdp(options: DevIdpOptions): Promise<IdentityProvider> {
  const { folder, sp, hostName = 'idp.site-idp.localhost', host = '127.0.0.1', prefix = [] } = options;
  const authority = await makeAuthority(join(folder.path, 'idp-ca'), 'CA of the identity provider under test');
  const { cert, key } = await authority.issue({ names: [hostName] });
  const port = options.port ?? (await freePort());
  const publicUrl = `https://${hostName}:${port}`;
  const dataDir = join(folder.path, 'idp');
  const settings = { dataDir, host, port, publicUrl, cert, key };
  const serviceProviders = [{ entityId: sp.entityId, acs: sp.acsUrl }];
  const program = prefixed('development IdP', prefix, 'proxy/src/dev/idp/main.ts', [
    JSON.stringify({ ...settings, serviceProviders }),
  ]);
  try {
    await program.line('to listen', (line) => jsonLine(line, 'ports'), 20_000);
    return {
      metadata:
        prefix.length === 0 ? await fetchMetadata(publicUrl, authority.file) : builtMetadata(publicUrl, dataDir),
      caFile: authority.file,
      signIn: (page, person) => pickPerson(page, person as Person),
      stop: async () => void (await program.stop()),
    };
  } catch (error) {
    await program.stop();
    throw error;
  }
}

async function fetchMetadata(publicUrl: string, caFile: string): Promise<string> {
  const answer = await fetchText(`${publicUrl}/metadata`, { caFile });
  if (answer.status !== 200) throw new Error(`metadata of the development IdP: ${answer.status}`);
  return answer.body;
}

/** From another network namespace its address cannot be reached; its certificate lies in its folder. */
function builtMetadata(publicUrl: string, dataDir: string): string {
  const { certificate } = JSON.parse(readFileSync(join(dataDir, 'signing.json'), 'utf8')) as { certificate: string };
  const base64 = certificate.replaceAll(/-----[A-Z ]+-----|\s/g, '');
  return `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${publicUrl}/metadata">
<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:KeyDescriptor use="signing">
<ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>${base64}</ds:X509Certificate>
</ds:X509Data></ds:KeyInfo></md:KeyDescriptor><md:SingleSignOnService
Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="${publicUrl}/sso"/></md:IDPSSODescriptor>
</md:EntityDescriptor>
`;
}
