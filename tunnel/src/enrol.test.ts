import {
  type AcceptorMessage,
  CausewayError,
  type DialerMessage,
  dialerMessage,
  enrolName,
  type JoinToken,
} from '@causeway/contract';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FakeAcceptor, type FakeAcceptorOptions } from './acceptor-fake.ts';
import { ControlChannel } from './control-channel.ts';
import { enrol, renew } from './enrol.ts';
import { FakeCa, type Issued } from './pki-fake.ts';
import { noLeaks } from './tunnel-pair.ts';

const DOMAIN = 'tunnel.pop.test';
let ca: FakeCa;
let server: Issued;
beforeAll(async () => {
  ca = await FakeCa.create();
  server = await ca.issue([enrolName(DOMAIN)]);
});

let acceptor: FakeAcceptor | null = null;
afterEach(async () => {
  await acceptor?.close();
  acceptor = null;
  await noLeaks();
});

/** A PoP whose answer to the question the test decides. */
async function listen(
  answer: (question: DialerMessage, peer: string | null) => Promise<AcceptorMessage | null>,
): Promise<void> {
  const onOpen: FakeAcceptorOptions['onOpen'] = (request, peer, tunnel) => {
    const channel = new ControlChannel<DialerMessage, AcceptorMessage>(
      request.accept(),
      (value) => dialerMessage.parse(value),
      (question) =>
        void answer(question, peer).then((message) =>
          message === null ? tunnel.destroy(new CausewayError('CW_CERT_REVOKED')) : channel.send(message),
        ),
      () => {},
    );
  };
  acceptor = await FakeAcceptor.listen({ ca, server, onOpen });
}

const token = (change: Partial<JoinToken> = {}): JoinToken => ({
  kind: 'publisher',
  pop: `localhost:${acceptor?.port}`,
  tunnelDomain: DOMAIN,
  ca: ca.fingerprint,
  secret: 'a secret of twenty characters',
  ...change,
});

async function issue(question: DialerMessage, fromDays?: number, toDays?: number): Promise<AcceptorMessage> {
  if (question.t === 'hello' || question.t === 'report') throw new Error(question.t);
  const certificate = await ca.answer(question.csr, 'peer.test', fromDays, toDays);
  return question.t === 'renew'
    ? { t: 'renewed', certificate, ca: ca.pem }
    : { t: 'enrolled', id: 'p_1', name: 'corp', certificate, ca: ca.pem, tunnelDomain: DOMAIN };
}

describe.each(['tls', 'websocket'] as const)('over %s', (transport) => {
  it('exchanges a token for an identity, and renews it with a new key', async () => {
    const seen: [DialerMessage, string | null][] = [];
    await listen((question, peer) => {
      seen.push([question, peer]);
      return issue(question);
    });
    const identity = await enrol({ token: token(), name: 'box', transport });
    expect(identity).toMatchObject({ id: 'p_1', name: 'corp', kind: 'publisher', tunnelDomain: DOMAIN, ca: ca.pem });
    expect(identity.pop).toBe(token().pop);
    const renewed = await renew(identity, { transport });
    expect(renewed.key).not.toBe(identity.key);
    expect(renewed).toMatchObject({ id: 'p_1', pop: identity.pop });
    expect(seen.map(([question, peer]) => [question.t, peer])).toEqual([
      ['enrol', null],
      ['renew', 'CN=peer.test'],
    ]);
    expect(seen[0]?.[0]).toMatchObject({ secret: 'a secret of twenty characters', name: 'box' });
  });
});

describe('what goes wrong', () => {
  const refusals: readonly [string, string, () => Promise<void>, Partial<JoinToken>?][] = [
    [
      'a token that the PoP does not take',
      'CW_TOKEN_INVALID',
      () => listen(async () => ({ t: 'refused', code: 'CW_TOKEN_INVALID', message: 'used' })),
    ],
    ['a PoP of another CA', 'CW_CA_MISMATCH', () => listen((question) => issue(question)), { ca: '11'.repeat(32) }],
    ['another answer', 'CW_MESSAGE_INVALID', () => listen(async () => ({ t: 'drain', deadlineMs: 1 }))],
    [
      'a certificate for another key',
      'CW_CERT_FOREIGN',
      () =>
        listen(
          async (question) => ({ ...(await issue(question)), certificate: server.certificate }) as AcceptorMessage,
        ),
    ],
    ['a clock that differs', 'CW_CLOCK_SKEW', () => listen((question) => issue(question, 1, 2))],
    ['a PoP that ends the tunnel', 'CW_TUNNEL_CLOSED', () => listen(async () => null)],
  ];
  it.each(refusals)('%s: %s', async (_name, code, start, change) => {
    await start();
    await expect(enrol({ token: token(change), name: 'box', transport: 'tls' })).rejects.toMatchObject({ code });
  });

  it('a PoP that never answers', async () => {
    await listen(() => new Promise(() => {}));
    await expect(enrol({ token: token(), name: 'box', transport: 'tls', timeoutMs: 300 })).rejects.toMatchObject({
      code: 'CW_OPEN_TIMEOUT',
    });
  });
});
