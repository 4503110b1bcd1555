import { randomBytes } from 'node:crypto';
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { CausewayError, ERRORS, type ErrorCode } from '@causeway/contract';
import { NOTICE_CSP, noticePage } from '../../pages/notice-page.ts';
import { retryAfter } from '../../pages/retry-after.ts';
import type { PortalEnv, PortalServices } from './portal-services.ts';

/** What people are told to do; for every other code, to try again or to quote the reference. */
const ADVICE: Partial<Record<ErrorCode, string>> = {
  CW_SAML_NO_PENDING: 'This sign-in was begun elsewhere, took too long, or was answered already. Start again.',
  CW_SAML_SEMANTICS: 'Start again. If it happens every time, your administrator finds the reason under this reference.',
  CW_SAML_REPLAY: 'Start again, and do not reload the page while you are being signed in.',
  CW_SAML_DENIED: 'Your identity provider did not confirm who you are. Start again or ask your administrator.',
  CW_PERSON_INACTIVE: 'Your account was deactivated. Only your administrator can change that.',
  CW_PERSON_UNKNOWN: 'Your administrator must assign this application to you at the identity provider.',
  CW_BUSY: 'Many people sign in at the moment. Wait a little and start again.',
  CW_SAML_TIMEOUT: 'Wait a little and start again.',
  CW_STORE_LOST:
    'Who is signed in already goes on working for a while. Nobody can sign in or get new access until it is back, which happens by itself: try again in a minute.',
};

/** Logs the failure of a login under a reference, and answers with a page that shows code and reference alone. */
export function loginFailure(c: Context<PortalEnv>, services: PortalServices, error: unknown): Response {
  const known = error instanceof CausewayError ? error : new CausewayError('CW_INTERNAL', undefined, { cause: error });
  const reference = randomBytes(6).toString('hex');
  const line = { code: known.code, reference, address: c.env.address };
  if (known.code === 'CW_INTERNAL') services.log.error({ ...line, err: error }, 'login failed');
  else services.log.warn(line, `login failed: ${known.message}`);
  services.loginFailed(known.code, c.env.address);
  if (known.retryable) c.header('retry-after', String(retryAfter(known.code)));
  return notice(c, known.status as ContentfulStatusCode, {
    heading: known.code === 'CW_STORE_LOST' ? 'Nobody can sign in at the moment' : 'You are not signed in',
    message: `Signing in did not work: ${ERRORS[known.code].text}.`,
    advice: ADVICE[known.code] ?? 'Start again, or give your administrator the reference below.',
    code: known.code,
    reference,
  });
}

export function notice(
  c: Context<PortalEnv>,
  status: ContentfulStatusCode,
  fields: { heading: string; message: string; advice: string; code: string; reference: string },
): Response {
  c.header('content-security-policy', NOTICE_CSP);
  try {
    return c.html(noticePage({ title: fields.heading, homeUrl: '/', ...fields }), status);
  } catch {
    // The pages were never built; the person is told all the same.
    const { heading, message, advice, code, reference } = fields;
    return c.text([heading, message, advice, `${code} ${reference}`, ''].join('\n\n'), status);
  }
}
