import { ERRORS, isLocalhostName, type ErrorCode } from '@causeway/contract';
import { NOTICE_CSP, noticePage } from '../../pages/notice-page.ts';
import { retryAfter } from '../../pages/retry-after.ts';
import type { Exchange, HeaderTable } from './exchange.ts';

/** An answer of our own; the app never sees the request. */
export interface Answer {
  readonly status: number;
  readonly headers: HeaderTable;
  readonly body: string;
  /** The connection cannot be trusted to be in step any more. */
  readonly close: boolean;
  readonly code: ErrorCode | null;
}

export interface RefusalOptions {
  readonly close?: boolean;
  readonly status?: number;
  readonly notice?: string;
  readonly retryAfter?: number;
}

const ADVICE: Partial<Record<ErrorCode, string>> = {
  CW_APP_UNKNOWN: 'Check the address. If you should have access, ask your administrator and name the reference below.',
  CW_POLICY_BLOCKED: 'If you need access, ask your administrator and name the reference below.',
  CW_NO_PUBLISHER: 'The connection to the private network is down. It comes back by itself: try again in a moment.',
  CW_PUBLISHER_LOST: 'The connection to the private network broke. It comes back by itself: try again in a moment.',
  CW_APP_TIMEOUT: 'The application is slow or stuck. Try again, and tell its owner if it stays like this.',
  CW_APP_GARBAGE: 'The application answered something that is not safe to pass on. Tell its owner.',
  CW_APP_TLS: 'The application’s certificate is not one that your administrator trusts. Tell its owner.',
  CW_STORE_LOST:
    'Who is signed in already goes on working for a while. Nobody can sign in or get new access until it is back, which happens by itself: load this page again in a minute.',
  CW_TICKET_INVALID: 'Start again: if you are signed in already, you will not be asked a second time.',
};

const HEADINGS: Partial<Record<ErrorCode, string>> = {
  CW_APP_UNKNOWN: 'Nothing is here',
  CW_POLICY_BLOCKED: 'You may not open this',
  CW_NO_PUBLISHER: 'The application cannot be reached',
  CW_PUBLISHER_LOST: 'The connection was interrupted',
  CW_APP_TIMEOUT: 'The application does not answer',
  CW_STORE_LOST: 'Access cannot be checked at the moment',
};

/** A page for people, JSON for programs, with the status of the code unless told otherwise. */
export function refusal(exchange: Exchange, code: ErrorCode, options: RefusalOptions = {}): Answer {
  const error = ERRORS[code];
  const headers = ownHeaders(exchange);
  const retry = options.retryAfter ?? (error.retryable ? retryAfter(code) : null);
  if (retry !== null) headers['retry-after'] = String(retry);
  let body: string;
  if (exchange.navigation) {
    headers['content-type'] = 'text/html; charset=utf-8';
    headers['content-security-policy'] = NOTICE_CSP;
    const heading = HEADINGS[code] ?? 'This did not work';
    body = noticePage({
      title: heading,
      heading,
      message: options.notice ?? sentence(error.text),
      advice: ADVICE[code] ?? (error.retryable ? 'Try again in a moment.' : 'Go back and try again.'),
      code,
      reference: exchange.decision,
      // a ticket that is of no use: the app itself, where signing in begins anew
      ...(code === 'CW_TICKET_INVALID' || code === 'CW_STORE_LOST'
        ? { homeUrl: '/', homeLabel: code === 'CW_STORE_LOST' ? 'Try again' : 'Start again' }
        : { homeUrl: exchange.snapshot.source.loginOrigin }),
    });
  } else {
    headers['content-type'] = 'application/json; charset=utf-8';
    body = JSON.stringify({ code, message: options.notice ?? error.text, reference: exchange.decision });
  }
  return { status: options.status ?? error.status, headers, body, close: options.close ?? false, code };
}

export function redirect(exchange: Exchange, status: 302 | 303, location: string, cookies: readonly string[]): Answer {
  const headers = ownHeaders(exchange);
  headers['location'] = location;
  if (cookies.length > 0) headers['set-cookie'] = [...cookies];
  return { status, headers, body: '', close: false, code: null };
}

/** `max-age` of a year; none below `localhost`, where it would forbid to go on past a certificate that is not trusted yet. */
export function strictTransport(accessDomain: string): string | null {
  return isLocalhostName(accessDomain) ? null : 'max-age=31536000';
}

function ownHeaders(exchange: Exchange): HeaderTable {
  const headers = Object.create(null) as HeaderTable;
  headers['cache-control'] = 'no-store';
  headers['referrer-policy'] = 'no-referrer';
  headers['x-content-type-options'] = 'nosniff';
  const strict = strictTransport(exchange.snapshot.source.accessDomain);
  if (strict !== null) headers['strict-transport-security'] = strict;
  return headers;
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}
