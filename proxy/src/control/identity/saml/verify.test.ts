import { createHmac, createPublicKey } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { CausewayError, type ErrorCode } from '@causeway/contract';
import type { SamlTrust } from './trust.ts';
import { NS } from './dom.ts';
import {
  assertionXml,
  field,
  makeTestIdp,
  parts,
  responseXml,
  sign,
  signedResponse,
  type ResponseParts,
  type TestIdp,
} from './test-idp.ts';
import { verifyResponse } from './verify.ts';

const ACS = 'https://login.id.test/saml/acs';
const SP = 'https://login.id.test/saml/metadata';
const REQUEST = '_req1';
const NOW = Date.UTC(2026, 10, 22, 12);
const MINUTE = 60_000;
const SUCCESS_PARTS = { acsUrl: ACS, audience: SP, requestId: REQUEST, now: NOW };

let idp: TestIdp;
let foreign: TestIdp;
let trust: SamlTrust;

beforeAll(async () => {
  idp = await makeTestIdp();
  foreign = await makeTestIdp();
  const certificates = [idp.certificate];
  trust = {
    idp: { entityId: idp.entityId, ssoUrl: 'https://idp.test/sso', certificates },
    spEntityId: SP,
    acsUrl: ACS,
  };
});

const make = (change: Partial<ResponseParts> = {}): ResponseParts => parts({ ...SUCCESS_PARTS, idp, change });
const verify = (xml: string): ReturnType<typeof verifyResponse> =>
  verifyResponse(field(xml), trust, { requestId: REQUEST, now: NOW });

async function codeFor(xml: string): Promise<string> {
  try {
    await verify(xml);
    return 'accepted';
  } catch (error) {
    return error instanceof CausewayError ? error.code : `not ours: ${String(error)}`;
  }
}

async function reasonFor(xml: string): Promise<string> {
  return verify(xml).then(
    () => 'accepted',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}

describe('a right response', () => {
  it.each(['assertion', 'response', 'both'] as const)('is accepted with the %s signed', async (what) => {
    const profile = await verify(signedResponse(make(), idp, what));
    expect(profile.nameId).toBe('ada@corp.example');
    expect(profile.attributes.get('groups')).toEqual(['staff', 'engineering']);
    expect(profile.attributes.get('displayName')).toEqual(['Ada Lovelace']);
    expect(profile.sessionIndex).toBe('_s1');
    expect(profile.replayUntil).toBeGreaterThan(NOW + 4 * MINUTE);
  });

  it('is accepted with SHA-512, with RSA-PSS, with an XML declaration, and with the second of two certificates', async () => {
    const algorithm = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512';
    const digest = 'http://www.w3.org/2001/04/xmlenc#sha512';
    expect(await codeFor(signedResponse(make(), { ...idp, algorithm, digest }, 'both'))).toBe('accepted');
    const pss = 'http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1';
    expect(await codeFor(signedResponse(make(), { ...idp, algorithm: pss }, 'assertion'))).toBe('accepted');
    expect(await codeFor(`<?xml version="1.0" encoding="UTF-8"?>\n${signedResponse(make(), idp, 'both')}`)).toBe(
      'accepted',
    );
    const two = { ...trust, idp: { ...trust.idp, certificates: [foreign.certificate, idp.certificate] } };
    const xml = signedResponse(make(), idp, 'assertion');
    await expect(verifyResponse(field(xml), two, { requestId: REQUEST, now: NOW })).resolves.toBeDefined();
  });

  it('keeps text that needs escaping, and values beyond ASCII', async () => {
    const profile = await verify(signedResponse(make({ displayName: 'Zoë &amp; Søn &lt;b&gt;' }), idp, 'both'));
    expect(profile.attributes.get('displayName')).toEqual(['Zoë & Søn <b>']);
  });

  it('may be off by less than a minute of clock', async () => {
    const late = { issuedAt: NOW + 50_000, notBefore: NOW + 50_000, authenticatedAt: NOW + 50_000 };
    expect(await codeFor(signedResponse(make(late), idp, 'assertion'))).toBe('accepted');
    const early = { notOnOrAfter: NOW - 50_000, confirmUntil: NOW - 50_000 };
    expect(await codeFor(signedResponse(make(early), idp, 'assertion'))).toBe('accepted');
  });
});

describe('meaning', () => {
  const cases: [string, Partial<ResponseParts>, ErrorCode][] = [
    ['another audience', { audience: 'https://other.test' }, 'CW_SAML_SEMANTICS'],
    ['another Destination', { destination: 'https://other.test/acs' }, 'CW_SAML_SEMANTICS'],
    ['no Destination', { destination: '' }, 'CW_SAML_SEMANTICS'],
    ['another Recipient', { recipient: 'https://other.test/acs' }, 'CW_SAML_SEMANTICS'],
    ['another Issuer of the assertion', { issuer: 'https://evil.test' }, 'CW_SAML_SEMANTICS'],
    ['another Issuer of the response', { responseIssuer: 'https://evil.test' }, 'CW_SAML_SEMANTICS'],
    ['another request answered', { requestId: '_other', subjectInResponseTo: '_other' }, 'CW_SAML_SEMANTICS'],
    [
      'another request answered by the response alone',
      { requestId: '_other', subjectInResponseTo: REQUEST },
      'CW_SAML_SEMANTICS',
    ],
    ['another request in the subject', { subjectInResponseTo: '_other' }, 'CW_SAML_SEMANTICS'],
    ['no request answered', { requestId: '', subjectInResponseTo: '' }, 'CW_SAML_SEMANTICS'],
    ['a failed login', { status: 'urn:oasis:names:tc:SAML:2.0:status:Responder' }, 'CW_SAML_DENIED'],
    ['an old version', { version: '1.1' }, 'CW_SAML_SEMANTICS'],
    ['holder-of-key', { method: 'urn:oasis:names:tc:SAML:2.0:cm:holder-of-key' }, 'CW_SAML_SEMANTICS'],
    ['a bearer with NotBefore', { confirmNotBefore: NOW - MINUTE }, 'CW_SAML_SEMANTICS'],
    ['an expired confirmation', { confirmUntil: NOW - 2 * MINUTE }, 'CW_SAML_SEMANTICS'],
    ['an expired assertion', { notOnOrAfter: NOW - 2 * MINUTE }, 'CW_SAML_SEMANTICS'],
    ['an assertion of the future', { notBefore: NOW + 2 * MINUTE }, 'CW_SAML_SEMANTICS'],
    ['ten years of validity', { notOnOrAfter: NOW + 10 * 365 * 24 * 60 * MINUTE }, 'CW_SAML_SEMANTICS'],
    ['ten years of confirmation', { confirmUntil: NOW + 10 * 365 * 24 * 60 * MINUTE }, 'CW_SAML_SEMANTICS'],
    ['a stale AuthnInstant', { authenticatedAt: NOW - 48 * 60 * MINUTE }, 'CW_SAML_SEMANTICS'],
    ['an AuthnInstant of the future', { authenticatedAt: NOW + 5 * MINUTE }, 'CW_SAML_SEMANTICS'],
    ['an ended session', { sessionUntil: NOW - 1 }, 'CW_SAML_SEMANTICS'],
    ['an unknown condition', { extra: '' }, 'CW_SAML_SEMANTICS'],
    ['no NameID', { user: '' }, 'CW_SAML_SEMANTICS'],
    [
      'a transient NameID',
      { nameIdFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient' },
      'CW_SAML_SEMANTICS',
    ],
  ];
  it.each(cases)('refuses %s', async (name, change, code) => {
    let xml = signedResponse(make(change), idp, 'both');
    if (name === 'an unknown condition') {
      const p = make();
      const strange = assertionXml(p).replace('</saml:Conditions>', '<x:Only xmlns:x="urn:x"/></saml:Conditions>');
      xml = responseXml(p, sign(strange, p.assertionId, idp));
    }
    expect(await codeFor(xml)).toBe(code);
  });

  it('says that clocks differ where the assertion is of the future', async () => {
    expect(await reasonFor(signedResponse(make({ notBefore: NOW + 5 * MINUTE }), idp, 'both'))).toContain(
      'CW_CLOCK_SKEW',
    );
  });

  it.each(['SubjectConfirmation', 'Conditions', 'AuthnStatement', 'AudienceRestriction', 'Subject', 'Issuer'])(
    'refuses an assertion without %s',
    async (name) => {
      const p = make();
      const without = assertionXml(p).replace(new RegExp(`<saml:${name}[ >].*</saml:${name}>`), '');
      const signature = name === 'Issuer' ? responseXml(p, without) : responseXml(p, sign(without, p.assertionId, idp));
      const xml = name === 'Issuer' ? sign(signature, p.responseId, idp) : signature;
      expect(await codeFor(xml)).toBe('CW_SAML_SEMANTICS');
    },
  );
});

describe('signature', () => {
  it('refuses a response without one', async () => {
    const p = make();
    expect(await codeFor(responseXml(p, assertionXml(p)))).toBe('CW_SAML_SIGNATURE');
  });

  it('refuses a foreign key, also with its certificate in KeyInfo', async () => {
    const xml = signedResponse(make(), foreign, 'both');
    expect(await codeFor(xml)).toBe('CW_SAML_SIGNATURE');
    const body = foreign.certificate.replace(/-----[^-]+-----|\s/g, '');
    const info = `<ds:KeyInfo><ds:X509Data><ds:X509Certificate>${body}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>`;
    const told = signedResponse(make(), foreign, 'assertion').replace('</ds:Signature>', `${info}</ds:Signature>`);
    expect(await codeFor(told)).toBe('CW_SAML_SIGNATURE');
  });

  it('refuses content that was changed after signing, and a signature value that was', async () => {
    const xml = signedResponse(make(), idp, 'both');
    expect(await codeFor(xml.replace('>ada@', '>eve@'))).toBe('CW_SAML_SIGNATURE');
    expect(await codeFor(xml.replace(/<ds:SignatureValue>..../, '<ds:SignatureValue>AAAA'))).toBe('CW_SAML_SIGNATURE');
    expect(await codeFor(xml.replace(/<ds:DigestValue>[^<]*/, '<ds:DigestValue>'))).toBe('CW_SAML_SIGNATURE');
    expect(await codeFor(xml.replace(/<ds:SignatureValue>[^<]*/, '<ds:SignatureValue>'))).toBe('CW_SAML_SIGNATURE');
  });

  it('refuses a bad response signature although that of the assertion holds', async () => {
    const p = make();
    const inner = responseXml(p, sign(assertionXml(p), p.assertionId, idp));
    expect(await codeFor(sign(inner, p.responseId, foreign))).toBe('CW_SAML_SIGNATURE');
  });

  it('refuses SHA-1, in the signature and in the digest', async () => {
    const sha1 = 'http://www.w3.org/2000/09/xmldsig#rsa-sha1';
    expect(await codeFor(signedResponse(make(), { ...idp, algorithm: sha1 }, 'both'))).toBe('CW_SAML_ALGORITHM');
    const digest = 'http://www.w3.org/2000/09/xmldsig#sha1';
    expect(await codeFor(signedResponse(make(), { ...idp, digest }, 'both'))).toBe('CW_SAML_ALGORITHM');
  });

  it('refuses HMAC with the public key as the secret', async () => {
    const xml = signedResponse(make(), idp, 'assertion');
    const publicKey = createPublicKey(idp.certificate).export({ type: 'spki', format: 'pem' });
    const forged = createHmac('sha1', publicKey).update('anything').digest('base64');
    const confused = xml
      .replace('http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', 'http://www.w3.org/2000/09/xmldsig#hmac-sha1')
      .replace(/<ds:SignatureValue>[^<]*/, `<ds:SignatureValue>${forged}`);
    expect(await codeFor(confused)).toBe('CW_SAML_ALGORITHM');
  });

  it('refuses an allowed algorithm in the place of another, and a hidden one', async () => {
    const xml = signedResponse(make(), idp, 'assertion');
    const c14n = 'http://www.w3.org/2001/10/xml-exc-c14n#';
    const swapped = xml.replace('Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"', `Algorithm="${c14n}"`);
    expect(await codeFor(swapped)).toBe('CW_SAML_ALGORITHM');
    const hidden = xml.replace('Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"', '');
    expect(await codeFor(hidden)).toBe('CW_SAML_ALGORITHM');
    const xslt = xml.replace(
      `<ds:Transform Algorithm="${c14n}"/>`,
      '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/>',
    );
    expect(xslt).not.toBe(xml);
    expect(await codeFor(xslt)).toBe('CW_SAML_ALGORITHM');
  });

  it('refuses a signature over another element than its parent', async () => {
    const p = make();
    const assertion = sign(assertionXml(p), p.assertionId, idp);
    const signature = /<ds:Signature .*<\/ds:Signature>/.exec(assertion)?.[0] ?? '';
    const evil = assertionXml({ ...p, user: 'root@corp.example', assertionId: '_evil' });
    const moved = responseXml(p, evil.replace('</saml:Issuer>', `</saml:Issuer>${signature}`));
    expect(await codeFor(moved)).toBe('CW_SAML_SIGNATURE');
  });

  it('refuses a signature in a place where none belongs, although what is around it is signed', async () => {
    const stray = `<saml:Advice><ds:Signature xmlns:ds="${NS.signature}"/></saml:Advice>`;
    expect(await codeFor(signedResponse(make({ extra: stray }), idp, 'response'))).toBe('CW_SAML_SHAPE');
  });

  it('refuses two SignedInfo and an empty Reference', async () => {
    const xml = signedResponse(make(), idp, 'assertion');
    const info = /<ds:SignedInfo>.*<\/ds:SignedInfo>/.exec(xml)?.[0] ?? '';
    expect(await codeFor(xml.replace(info, info + info))).toBe('CW_SAML_SHAPE');
    expect(await codeFor(xml.replace(/URI="[^"]*"/, 'URI=""'))).toBe('CW_SAML_SIGNATURE');
  });
});

describe('wrapping', () => {
  const wrapped: [string, (p: ResponseParts, good: string, evil: string, signature: string) => string][] = [
    ['the signed assertion beside an evil one', (p, good, evil) => responseXml(p, evil + good)],
    ['the evil one last', (p, good, evil) => responseXml(p, good + evil)],
    [
      'the signed one inside the evil one',
      (p, good, evil) => responseXml(p, evil.replace('</saml:Assertion>', `${good}</saml:Assertion>`)),
    ],
    [
      'the evil one around, in Extensions',
      (p, good, evil) => responseXml(p, `<samlp:Extensions>${good}</samlp:Extensions>${evil}`),
    ],
    [
      'the signed one inside an Object of the evil one’s signature',
      (p, good, evil, signature) => {
        const object = signature.replace('</ds:Signature>', `<ds:Object>${good}</ds:Object></ds:Signature>`);
        return responseXml(p, evil.replace('</saml:Issuer>', `</saml:Issuer>${object}`));
      },
    ],
    [
      'a signed response inside an evil one',
      (p) => {
        const good = sign(responseXml(p, assertionXml(p)), p.responseId, idp);
        const evil = make({ user: 'root@corp.example' });
        return responseXml(evil, assertionXml(evil) + good);
      },
    ],
    [
      'a signed assertion in another namespace’s Response',
      (p, good) => responseXml(p, good).replaceAll('urn:oasis:names:tc:SAML:2.0:protocol', 'urn:evil'),
    ],
    [
      'the signature detached at the end of the response',
      (p, _good, evil, signature) => responseXml(p, evil + signature),
    ],
    ['the same ID twice', (p, good) => responseXml(p, assertionXml({ ...p, user: 'root@corp.example' }) + good)],
    ['the signed assertion in a wrapper element', (p, good) => responseXml(p, `<x xmlns="urn:x">${good}</x>`)],
  ];
  it.each(wrapped)('refuses %s', async (_name, build) => {
    const p = make();
    const good = sign(assertionXml(p), p.assertionId, idp);
    const signature = /<ds:Signature .*<\/ds:Signature>/.exec(good)?.[0] ?? '';
    const evil = assertionXml({ ...p, user: 'root@corp.example', assertionId: '_evil' });
    expect(signature).not.toBe('');
    const code = await codeFor(build(p, good, evil, signature));
    expect(['CW_SAML_SHAPE', 'CW_SAML_SIGNATURE']).toContain(code);
  });
});

describe('characters', () => {
  const p = (): ResponseParts => make();
  const edits: [string, (xml: string) => string][] = [
    ['a comment in the NameID', (xml) => xml.replace('ada@corp.example', 'ada@corp.example<!---->.evil.example')],
    ['a processing instruction in the NameID', (xml) => xml.replace('ada@corp.example', 'ada@corp<?x y?>.example')],
    ['a CDATA section', (xml) => xml.replace('ada@corp.example', '<![CDATA[ada@corp.example]]>')],
    ['a DOCTYPE', (xml) => `<!DOCTYPE r [<!ENTITY x "y">]>${xml}`],
    ['an external entity', (xml) => `<?xml version="1.0"?><!DOCTYPE r SYSTEM "file:///etc/passwd">${xml}`],
    ['an entity without a DTD', (xml) => xml.replace('ada@', '&xxe;')],
    ['two roots', (xml) => xml + xml],
    ['text behind the root', (xml) => `${xml}x`],
    ['an open element', (xml) => xml.slice(0, -10)],
    ['crossed tags', (xml) => xml.replace('</saml:Subject>', '</saml:Conditions>')],
    ['no XML at all', () => 'SAML'],
    ['a control character', (xml) => xml.replace('ada@', 'ada\u{1}@')],
    ['a null character reference', (xml) => xml.replace('ada@', 'ada&#0;@')],
    ['an attribute twice', (xml) => xml.replace('Version="2.0"', 'Version="2.0" Version="2.0"')],
    ['an encrypted assertion', (xml) => xml.replaceAll('saml:Assertion', 'saml:EncryptedAssertion')],
    ['another root', (xml) => xml.replaceAll('samlp:Response', 'samlp:LogoutResponse')],
  ];
  it.each(edits)('refuses %s', async (_name, edit) => {
    const xml = signedResponse(p(), idp, 'both');
    const edited = edit(xml);
    expect(edited).not.toBe(xml);
    expect(await codeFor(edited)).toBe('CW_SAML_SHAPE');
  });

  it('refuses what is not base64 or not UTF-8', async () => {
    const check = (text: string): Promise<unknown> => verifyResponse(text, trust, { requestId: REQUEST, now: NOW });
    await expect(check('<xml>')).rejects.toMatchObject({ code: 'CW_SAML_SHAPE' });
    await expect(check('')).rejects.toMatchObject({ code: 'CW_SAML_SHAPE' });
    await expect(check(Buffer.from([0x3c, 0xff, 0xfe]).toString('base64'))).rejects.toMatchObject({
      code: 'CW_SAML_SHAPE',
    });
  });
});

describe('cost', () => {
  const within = async (ms: number, work: () => Promise<string>): Promise<string> => {
    const from = performance.now();
    const code = await work();
    expect(performance.now() - from).toBeLessThan(ms);
    return code;
  };

  it('refuses 60,000 elements, deep nesting, many attributes and 4 MB in bounded time', async () => {
    const p = make();
    const many = responseXml(p, '<a/>'.repeat(60_000));
    expect(await within(5_000, () => codeFor(many))).toBe('CW_SAML_SHAPE');
    const deep = responseXml(p, '<a>'.repeat(20_000) + '</a>'.repeat(20_000));
    expect(await within(5_000, () => codeFor(deep))).toBe('CW_SAML_SHAPE');
    const wide = responseXml(p, `<a ${Array.from({ length: 5_000 }, (_, n) => `b${n}=""`).join(' ')}/>`);
    expect(await within(5_000, () => codeFor(wide))).toBe('CW_SAML_SHAPE');
    const long = responseXml(p, 'x'.repeat(4_000_000));
    expect(await within(5_000, () => codeFor(long))).toBe('CW_SAML_TOO_LARGE');
    const open = `<samlp:Response xmlns:samlp="${NS.protocol}" a="${'x'.repeat(200_000)}`;
    expect(await within(5_000, () => codeFor(open))).toBe('CW_SAML_SHAPE');
  });

  it('accepts an honest response with a thousand groups', async () => {
    const groups = Array.from({ length: 1_000 }, (_, n) => `group-${n}`);
    const profile = await verify(signedResponse(make({ groups }), idp, 'both'));
    expect(profile.attributes.get('groups')).toHaveLength(1_000);
  });
});
