import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import {
  acceptorMessage,
  type AcceptorMessage,
  CausewayError,
  type DialerMessage,
  enrolName,
  isErrorCode,
  type JoinToken,
  LIMITS,
} from '@causeway/contract';
import { certificateRequest } from './certificate-request.ts';
import { type ConnectOptions, connectTunnel, type TransportName } from './connect.ts';
import { ControlChannel } from './control-channel.ts';
import { parseHostPort } from './host-port.ts';
import type { Identity } from './identity.ts';
import type { Tunnel } from './tunnel.ts';

export interface RenewOptions {
  readonly transport: TransportName;
  readonly signal?: AbortSignal;
  /** For each transport tried, and then for the answer; default `LIMITS.connectMs`. */
  readonly timeoutMs?: number;
}

export interface EnrolOptions extends RenewOptions {
  readonly token: JoinToken;
  /** What the device calls itself; a publisher's name is fixed by its token. */
  readonly name: string;
}

/**
 * Exchanges a join token for an identity. Rejects with `CW_TOKEN_INVALID`, `CW_CA_MISMATCH` (nothing was sent),
 * `CW_CLOCK_SKEW`, or as `connectTunnel` does.
 */
export async function enrol(options: EnrolOptions): Promise<Identity> {
  const { token } = options;
  const { key, csr } = await certificateRequest();
  const answer = await ask(
    { ...dialOptions(token.pop, token.tunnelDomain, options), caFingerprint: token.ca },
    { t: 'enrol', secret: token.secret, csr, name: options.name },
    options.timeoutMs ?? LIMITS.connectMs,
  );
  if (answer.t !== 'enrolled') throw unexpected(answer);
  const { certificate, ca, tunnelDomain } = answer;
  if (!certificates(ca).some((one) => fingerprint(one) === token.ca)) throw new CausewayError('CW_CA_MISMATCH');
  checkIssued(certificate, ca, key);
  return { id: answer.id, name: answer.name, kind: token.kind, key, certificate, ca, pop: token.pop, tunnelDomain };
}

/** A new key and certificate for the same identity, also after the old certificate expired. */
export async function renew(identity: Identity, options: RenewOptions): Promise<Identity> {
  const { key, csr } = await certificateRequest();
  const answer = await ask(
    { ...dialOptions(identity.pop, identity.tunnelDomain, options), identity },
    { t: 'renew', csr },
    options.timeoutMs ?? LIMITS.connectMs,
  );
  if (answer.t !== 'renewed') throw unexpected(answer);
  checkIssued(answer.certificate, answer.ca, key);
  return { ...identity, key, certificate: answer.certificate, ca: answer.ca };
}

function dialOptions(pop: string, tunnelDomain: string, options: RenewOptions): ConnectOptions {
  return {
    address: parseHostPort(pop),
    serverName: enrolName(tunnelDomain),
    transport: options.transport,
    onOpen: (request) => request.refuse('CW_NOT_ENROLLED'),
    onClosed: () => {},
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
  };
}

/** One tunnel, one control stream, one question, its answer. */
async function ask(dial: ConnectOptions, question: DialerMessage, timeoutMs: number): Promise<AcceptorMessage> {
  const ended: { tunnel: Tunnel | null; error: CausewayError | null } = { tunnel: null, error: null };
  const tunnel = await connectTunnel({
    ...dial,
    onClosed: (error) => {
      ended.error = error;
    },
  });
  try {
    const stream = await tunnel.open({ v: 1, kind: 'control' }, timeoutMs);
    return await new Promise<AcceptorMessage>((resolve, reject) => {
      const timer = setTimeout(() => reject(new CausewayError('CW_OPEN_TIMEOUT')), timeoutMs);
      const channel = new ControlChannel<AcceptorMessage, DialerMessage>(
        stream,
        (value) => acceptorMessage.parse(value),
        (message) => {
          clearTimeout(timer);
          if (message.t === 'refused') reject(refusal(message.code, message.message));
          else resolve(message);
        },
        (error) => {
          clearTimeout(timer);
          reject(error ?? new CausewayError('CW_TUNNEL_CLOSED', 'the PoP ended the enrolment without an answer'));
        },
      );
      channel.send(question);
    });
  } catch (error) {
    // What ended the tunnel (an alert about our certificate, say) says more than that it ended.
    throw ended.error ?? error;
  } finally {
    tunnel.destroy();
  }
}

function refusal(code: string, message: string): CausewayError {
  return new CausewayError(isErrorCode(code) ? code : 'CW_INTERNAL', message);
}

function unexpected(answer: AcceptorMessage): CausewayError {
  return new CausewayError('CW_MESSAGE_INVALID', `the PoP answered with ${answer.t}`);
}

function certificates(pems: string): X509Certificate[] {
  const blocks = pems.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}

function fingerprint(certificate: X509Certificate): string {
  return createHash('sha256').update(certificate.raw).digest('hex');
}

/** The certificate is for our key, from that CA, and valid by our clock. */
function checkIssued(certificate: string, ca: string, key: string): void {
  const issued = new X509Certificate(certificate);
  const signed = certificates(ca).some((one) => issued.verify(one.publicKey));
  if (!signed || !issued.checkPrivateKey(createPrivateKey(key))) {
    throw new CausewayError('CW_CERT_FOREIGN', 'the PoP answered with a certificate that is not ours');
  }
  const now = Date.now();
  if (now < issued.validFromDate.getTime() || now > issued.validToDate.getTime()) {
    const clock = new Date(now).toISOString();
    throw new CausewayError(
      'CW_CLOCK_SKEW',
      `the new certificate is valid from ${issued.validFrom} to ${issued.validTo}, but this machine’s clock says ${clock}`,
    );
  }
}
