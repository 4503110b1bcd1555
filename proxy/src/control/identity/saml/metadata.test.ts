import { generateKeyPairSync } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseMetadata } from './metadata.ts';
import { certificateBody, makeTestIdp, metadataOf, type TestIdp } from './test-idp.ts';

const SSO = 'https://idp.test/sso?tenant=1&amp;x=2';
let idp: TestIdp;
let xml: string;

beforeAll(async () => {
  idp = await makeTestIdp();
  xml = metadataOf(idp, SSO);
});

const refused = (text: string): string => {
  try {
    parseMetadata(text);
    return 'accepted';
  } catch (error) {
    expect(error).toMatchObject({ code: 'CW_CONFIG_INVALID' });
    return (error as Error).message;
  }
};

describe('parseMetadata', () => {
  it('reads entity, address and certificates', () => {
    const found = parseMetadata(`\u{feff}<?xml version="1.0"?><!-- from the provider -->${xml}`);
    expect(found).toMatchObject({ entityId: idp.entityId, ssoUrl: 'https://idp.test/sso?tenant=1&x=2' });
    expect(found.certificates.map(certificateBody)).toEqual([certificateBody(idp.certificate)]);
  });

  it('takes every signing certificate and leaves those for encryption', async () => {
    const next = await makeTestIdp();
    const key = /<md:KeyDescriptor.*<\/md:KeyDescriptor>/.exec(xml)?.[0] ?? '';
    const second = key.replace(certificateBody(idp.certificate), certificateBody(next.certificate));
    const encryption = second.replace('use="signing"', 'use="encryption"');
    expect(parseMetadata(xml.replace(key, key + encryption)).certificates).toHaveLength(1);
    expect(parseMetadata(xml.replace(key, key + second.replace(' use="signing"', ''))).certificates).toHaveLength(2);
  });

  it('takes the one provider of a federation’s list', () => {
    const list = `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">${xml}</md:EntitiesDescriptor>`;
    expect(parseMetadata(list).entityId).toBe(idp.entityId);
    expect(refused(list.replace(xml, xml + xml))).toContain('describes 2 identity providers');
  });

  it('says what is missing or wrong', () => {
    expect(refused('')).toContain('not well-formed');
    expect(refused('<a>')).toContain('not well-formed');
    expect(refused('<a/>')).toContain('no EntityDescriptor');
    expect(refused(`<!DOCTYPE a>${xml}`)).toContain('DTD');
    expect(refused(xml.replace(/entityID="[^"]*"/, ''))).toContain('no entityID');
    expect(refused(xml.replaceAll('IDPSSODescriptor', 'SPSSODescriptor'))).toContain('no IDPSSODescriptor');
    expect(refused(xml.replace('HTTP-Redirect', 'HTTP-POST'))).toContain('HTTP-Redirect');
    expect(refused(xml.replace('https://idp.test/sso', 'http://idp.test/sso'))).toContain('no https URL');
    expect(refused(xml.replace('https://idp.test/sso', 'javascript:alert(1)'))).toContain('no https URL');
    expect(refused(xml.replace('use="signing"', 'use="encryption"'))).toContain('no signing certificate');
    expect(refused(xml.replace(/X509Certificate>[^<]*/, 'X509Certificate>AAAA'))).toContain('cannot be read');
    expect(refused(xml + ' '.repeat(1024 * 1024))).toContain('larger than');
  });

  it('accepts http only on loopback', () => {
    expect(parseMetadata(metadataOf(idp, 'http://127.0.0.1:8080/sso')).ssoUrl).toBe('http://127.0.0.1:8080/sso');
    expect(parseMetadata(metadataOf(idp, 'http://idp.x.localhost/sso')).ssoUrl).toBe('http://idp.x.localhost/sso');
  });

  it('does not take a key for a certificate', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const body = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    expect(refused(xml.replace(certificateBody(idp.certificate), body))).toContain('cannot be read');
  });
});
