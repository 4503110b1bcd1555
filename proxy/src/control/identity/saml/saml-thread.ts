import { parentPort } from 'node:worker_threads';
import { codeOf, type ErrorCode } from '@causeway/contract';
import type { SamlProfile } from './assertion.ts';
import type { SamlExpectation, SamlTrust } from './trust.ts';
import { verifyResponse } from './verify.ts';

/** One worker thread of the pool: one response at a time, so that the pool can end it when it takes too long. */
export interface SamlJob {
  readonly field: string;
  readonly trust: SamlTrust;
  readonly expectation: SamlExpectation;
}

export type SamlThreadMessage =
  | { readonly t: 'ready' }
  | { readonly t: 'done'; readonly profile: SamlProfile }
  | { readonly t: 'refused'; readonly code: ErrorCode; readonly message: string };

const port = parentPort;
if (port === null) throw new Error('saml-thread.ts runs only as a worker thread');

port.on('message', (job: SamlJob) => {
  void verifyResponse(job.field, job.trust, job.expectation).then(
    (profile) => port.postMessage({ t: 'done', profile } satisfies SamlThreadMessage),
    (error: unknown) => {
      const message = error instanceof Error ? error.message : 'the check failed';
      port.postMessage({ t: 'refused', code: codeOf(error), message } satisfies SamlThreadMessage);
    },
  );
});
port.postMessage({ t: 'ready' } satisfies SamlThreadMessage);
