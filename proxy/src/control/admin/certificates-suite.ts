import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { openCa, type Ca } from '../ca/ca.ts';
import { servedCertificates } from '../ca/custom-certificates.ts';
import { keyName } from '../ca/certificate-chain.ts';
import type { AdminPlace } from './fixtures/admin-place.ts';

const ANY = { 'if-match': '*' };
const DAY = 86_400_000;
const HOST = 'wiki.causeway.localhost';

/** Certificates of one's own: their keys go in, and never come out. */
export function certificatesSuite(at: () => AdminPlace): void {
  let place: AdminPlace;
  let ca: Ca;
  beforeAll(async () => {
    place = at();
    ca = await openCa(place.services.secrets, () => place.now);
  });
  const issue = (names: string[], days = 30) => ca.issueServer({ names, days });

  describe('certificates', () => {
    it('are kept with their key beside, which no answer has in it', async () => {
      const { cert, key } = await issue([HOST]);
      const body = { hosts: [HOST], chain: cert };
      const none = await place.send('PUT', '/certificates/wiki', { body, headers: ANY });
      expect(none).toMatchObject({ status: 422, body: { errors: [{ path: 'key' }] } });
      const put = await place.send('PUT', '/certificates/wiki', { body: { ...body, key }, headers: ANY });
      expect(put.status).toBe(200);
      const { served } = await servedCertificates(
        place.services.secrets,
        [{ name: 'wiki', description: '', ...body }],
        place.now,
      );
      expect(served).toEqual([{ hosts: [HOST], cert, key }]);
      const secret = key.split('\n')[1] ?? '';
      const said = [
        put.body,
        (await place.send('GET', '/certificates/wiki')).body,
        (await place.send('GET', '/certificates/wiki/history')).body,
        (await place.send('GET', '/audit')).body,
        place.log,
      ];
      expect(secret.length).toBeGreaterThan(30);
      expect(JSON.stringify(said)).not.toContain(secret);

      const again = await place.send('PUT', '/certificates/wiki', { body: put.body.body, headers: ANY });
      expect(again.status).toBe(200); // what is read can be written back
    });

    it('are refused with a key that is none, or another’s, or of what has expired', async () => {
      const { cert } = await issue([HOST]);
      const other = await issue([HOST]);
      const why = async (key: string, chain = cert): Promise<unknown> => {
        const body = { hosts: [HOST], chain, key };
        return (await place.send('PUT', '/certificates/bad', { body, headers: ANY })).body.errors;
      };
      expect(await why('no key')).toMatchObject([{ path: 'key', message: 'is no private key in PEM' }]);
      expect(await why(other.key)).toMatchObject([{ path: 'key', message: 'is not the key of the certificate' }]);
      const before = await openCa(place.services.secrets, () => place.now - 2 * DAY);
      const old = await before.issueServer({ names: [HOST], days: 1 });
      expect(await why(old.key, old.cert)).toMatchObject([{ path: 'key', message: expect.stringMatching(/expired/) }]);
      expect(await place.send('GET', '/certificates/bad')).toMatchObject({ status: 404 });
    });

    it('keep no key of what is only tried out', async () => {
      const { cert, key } = await issue(['c.causeway.localhost']);
      const change = {
        kind: 'certificates',
        name: 'tried',
        op: 'put',
        body: { hosts: ['c.causeway.localhost'], chain: cert, key },
      };
      const { status } = await place.send('POST', '/apply', { body: { changes: [change], dryRun: true } });
      expect(status).toBe(200);
      expect(await place.services.secrets.findSecret(keyName(new X509Certificate(cert)))).toBeNull();
    });

    it('in force are shown with their validity', async () => {
      const { cert, key } = await issue(['b.causeway.localhost'], 10);
      const body = { hosts: ['b.causeway.localhost'], chain: cert, key };
      await place.send('PUT', '/certificates/b', { body, headers: ANY });
      const published = await place.send('POST', '/snapshots', { body: {} });
      expect(published.status).toBe(201);
      const shown = await place.send('GET', '/certificate-status', { as: 'read-only' });
      expect(shown.body.items).toMatchObject([
        { name: 'b', state: 'expires soon' },
        { name: 'wiki', hosts: [HOST], state: 'good' },
      ]);
    });
  });
}
