import { readFileSync } from 'node:fs';
import { fetchText, type Answer } from './https-client.ts';

/** An identity provider's provisioning, in the shape that Okta gives a change of one attribute: no path, an object. */
export async function oktaSetsActive(
  at: { readonly base: string; readonly caFile: string; readonly tokenFile: string },
  userName: string,
  active: boolean,
): Promise<Answer> {
  const headers = {
    authorization: `Bearer ${readFileSync(at.tokenFile, 'utf8').trim()}`,
    accept: 'application/scim+json',
    'content-type': 'application/scim+json; charset=utf-8',
    'user-agent': 'Okta SCIM Client 1.0.0',
  };
  const options = { caFile: at.caFile, headers };
  const filter = new URLSearchParams({ filter: `userName eq "${userName}"`, startIndex: '1', count: '100' });
  const found = JSON.parse((await fetchText(`${at.base}/Users?${filter.toString()}`, options)).body) as {
    readonly Resources: readonly { readonly id: string }[];
  };
  const body = JSON.stringify({
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations: [{ op: 'replace', value: { active } }],
  });
  return fetchText(`${at.base}/Users/${found.Resources[0]?.id ?? 'none'}`, { ...options, method: 'PATCH', body });
}
