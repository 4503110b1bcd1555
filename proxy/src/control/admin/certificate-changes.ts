import type { ErrorProblem } from '@causeway/contract';
import { keyName, keyProblem, readChain, validityProblem } from '../ca/certificate-chain.ts';
import { checkedBody } from '../objects/checked-body.ts';
import type { CustomCertificate } from '../objects/kinds/custom-certificate.ts';
import type { ObjectChange } from '../objects/model.ts';
import { refusal } from '../objects/prepared-change.ts';
import type { Secrets } from '../sealing/secrets.ts';

/** An RSA key of 8192 bits is 6,400 characters. */
const MAX_KEY = 16 * 1024;

/** Certificates' keys on their way to the store. */
export interface TakenKeys {
  /** The same changes, no body with a key in it. */
  readonly changes: readonly ObjectChange[];
  /** Seals the keys. Only after whoever sends them may do so, and for nothing that is only tried out. */
  readonly keep: () => Promise<void>;
}

/**
 * Takes the private keys out of certificates that are written. A certificate without one is good where the store has the
 * key of its public key already: reading an object and writing it back loses nothing.
 *
 * @param now milliseconds since 1970
 * @throws CausewayError `CW_INPUT_INVALID`: a key is none, not the certificate's, missing, or the certificate has expired
 */
export async function takeKeys(
  secrets: Pick<Secrets, 'secret' | 'findSecret'>,
  changes: readonly ObjectChange[],
  now: number,
): Promise<TakenKeys> {
  const problems: ErrorProblem[] = [];
  const keys = new Map<string, string>();
  const without: ObjectChange[] = [];
  for (const change of changes) {
    if (change.kind !== 'certificates' || change.op !== 'put' || !isRecord(change.body)) {
      without.push(change);
      continue;
    }
    const { key, ...body } = change.body;
    without.push({ ...change, body });
    const checked = checkedBody('certificates', change.name, body);
    // What else is wrong with the object is said, with everything else, by whoever applies it.
    if ('problems' in checked) continue;
    const { chain } = checked.body as CustomCertificate;
    const leaf = readChain(chain)?.[0];
    if (leaf === undefined) continue;
    const name = keyName(leaf);
    const refuse = (message: string): void =>
      void problems.push({ kind: 'certificates', name: change.name, path: 'key', message });
    if (key === undefined) {
      if ((await secrets.findSecret(name)) === null) refuse('is missing: the certificate’s private key, in PEM');
    } else if (typeof key !== 'string' || key.length > MAX_KEY) refuse(`text of at most ${MAX_KEY} characters`);
    else {
      const problem = keyProblem(chain, leaf, key) ?? validityOf(leaf, now);
      if (problem === null) keys.set(name, key);
      else refuse(problem);
    }
  }
  if (problems.length > 0) throw refusal('CW_INPUT_INVALID', problems);
  return {
    changes: without,
    keep: async () => {
      for (const [name, key] of keys) await secrets.secret(name, () => key);
    },
  };
}

function validityOf(leaf: Parameters<typeof validityProblem>[0], now: number): string | null {
  const problem = validityProblem(leaf, now);
  return problem === null ? null : `belongs to a certificate that ${problem}`;
}

function isRecord(body: unknown): body is Record<string, unknown> {
  return typeof body === 'object' && body !== null && !Array.isArray(body);
}
