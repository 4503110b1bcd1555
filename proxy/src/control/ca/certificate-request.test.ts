import { webcrypto } from 'node:crypto';
import { expect, test } from 'vitest';
import { codeOf } from '@causeway/contract';
import { checkRequest } from './certificate-request.ts';
import { newRequest } from './fixtures/requests.ts';

test.each(['p256', 'p384', 'ed25519', 'rsa2048'] as const)('accepts a request over a %s key', async (kind) => {
  expect((await checkRequest((await newRequest(kind)).csr)).type).toBe('public');
});

test.each(['p521', 'rsa1024', 'sha1'] as const)('refuses a request over %s', async (kind) => {
  const { csr } = await newRequest(kind);
  await expect(checkRequest(csr)).rejects.toMatchObject({ code: 'CW_CSR_INVALID' });
});

/** A PEM request with one byte of its DER changed. */
function tampered(csr: string, at: (der: Buffer) => number): string {
  const der = Buffer.from(csr.replaceAll(/-----[A-Z ]+-----|\s/g, ''), 'base64');
  const index = at(der);
  der[index] = (der[index] ?? 0) ^ 1;
  return `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
}

test('refuses a request that its key did not sign', async () => {
  const { csr } = await newRequest('p256', 'CN=abcdefgh');
  await expect(checkRequest(tampered(csr, (der) => der.indexOf('abcdefgh')))).rejects.toMatchObject({
    code: 'CW_CSR_INVALID',
    message: /not signed by its own key/,
  });
  await expect(checkRequest(tampered(csr, (der) => der.length - 1))).rejects.toMatchObject({ code: 'CW_CSR_INVALID' });
});

test('refuses every other text', async () => {
  const { csr } = await newRequest();
  const nested = Buffer.from('3080'.repeat(1_500), 'hex').toString('base64');
  const texts = [
    '',
    'x'.repeat(100_000),
    csr.repeat(2),
    csr.replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE'),
    csr.replace(/\n[A-Za-z0-9+/]{20}/, '\n'),
    `-----BEGIN CERTIFICATE REQUEST-----\n${nested}\n-----END CERTIFICATE REQUEST-----`,
    `-----BEGIN CERTIFICATE REQUEST-----\n\n-----END CERTIFICATE REQUEST-----`,
  ];
  for (const text of texts) await expect(checkRequest(text)).rejects.toMatchObject({ code: 'CW_CSR_INVALID' });
});

test('whatever byte is damaged, no other key than the signed one comes out', async () => {
  const { csr } = await newRequest();
  const spki = async (key: webcrypto.CryptoKey): Promise<string> =>
    Buffer.from(await webcrypto.subtle.exportKey('spki', key)).toString('hex');
  const original = await spki(await checkRequest(csr));
  const size = Buffer.from(csr.replaceAll(/-----[A-Z ]+-----|\s/g, ''), 'base64').length;
  const outcomes = new Set<string>();
  for (let i = 0; i < size; i++) {
    // Some bytes of BER mean nothing, like the count of unused bits of an octet-aligned signature.
    outcomes.add(await checkRequest(tampered(csr, () => i)).then(spki, codeOf));
  }
  outcomes.delete(original);
  expect([...outcomes]).toEqual(['CW_CSR_INVALID']);
});
