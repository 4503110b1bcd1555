import { randomBytes } from 'node:crypto';
import { CausewayError } from '@causeway/contract';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { DEMO_PEOPLE } from '../people.ts';
import { readAuthnRequest, type AuthnRequest, type ServiceProvider } from './authn-request.ts';
import type { IdpKeys } from './keys.ts';
import { idpEntityId, idpMetadata, idpSsoUrl } from './metadata.ts';
import { loginPage, messagePage, postingPage } from './pages.ts';
import { deniedResponse, loginResponse } from './response.ts';

export interface IdpOptions {
  /** `https://host[:port]`, no final slash. */
  readonly publicUrl: string;
  readonly keys: IdpKeys;
  readonly serviceProviders: readonly ServiceProvider[];
  readonly now: () => number;
}

const MAX_RELAY_STATE = 1_024;
const MAX_BODY = 32 * 1024;

/**
 * The development identity provider. Between `/sso` and `/login` it keeps nothing: the form carries the request back
 * and it is checked again. It remembers nobody, so that changing the person needs no sign-out.
 */
export function idpApp({ publicUrl, keys, serviceProviders, now }: IdpOptions): Hono {
  const app = new Hono();
  const read = (encoded: string | undefined, relayState: string | undefined): AuthnRequest => {
    if ((relayState?.length ?? 0) > MAX_RELAY_STATE) {
      throw new CausewayError('CW_REQUEST_INVALID', 'RelayState is too long');
    }
    return readAuthnRequest(encoded ?? '', idpSsoUrl(publicUrl), serviceProviders);
  };

  app.use(async (c, next) => {
    c.header('cache-control', 'no-store');
    c.header('referrer-policy', 'no-referrer');
    c.header('x-content-type-options', 'nosniff');
    await next();
    // Without form-action: Chromium applies it to the redirects that follow a post, which lead to any app host.
    if (!c.res.headers.has('content-security-policy')) {
      c.res.headers.set('content-security-policy', policy("form-action 'self'"));
    }
  });

  app.get('/metadata', (c) =>
    c.body(idpMetadata(publicUrl, keys.certificate), 200, { 'content-type': 'application/samlmetadata+xml' }),
  );

  app.get('/sso', (c) => {
    const { SAMLRequest, RelayState } = c.req.query();
    const request = read(SAMLRequest, RelayState);
    const fields = { SAMLRequest: SAMLRequest ?? '', ...(RelayState === undefined ? {} : { RelayState }) };
    return c.html(loginPage(new URL(request.provider.acs).host, fields));
  });

  app.post('/login', bodyLimit({ maxSize: MAX_BODY }), async (c) => {
    const form = new URLSearchParams(await c.req.text());
    const relayState = form.get('RelayState') ?? undefined;
    const request = read(form.get('SAMLRequest') ?? undefined, relayState);
    const chosen = form.get('person') ?? '';
    const person = DEMO_PEOPLE.find(({ id }) => id === chosen);
    if (person === undefined && chosen !== '') throw new CausewayError('CW_REQUEST_INVALID', 'nobody has that name');
    const context = { entityId: idpEntityId(publicUrl), keys, request, now: now() };
    const xml = person === undefined ? deniedResponse(context) : loginResponse(context, person);
    const fields = {
      SAMLResponse: Buffer.from(xml, 'utf8').toString('base64'),
      ...(relayState === undefined ? {} : { RelayState: relayState }),
    };
    const nonce = randomBytes(16).toString('base64url');
    c.header('content-security-policy', policy(`script-src 'nonce-${nonce}'`));
    return c.html(postingPage(request.provider.acs, fields, nonce));
  });

  app.get('/', (c) =>
    c.html(messagePage('Development identity provider', 'It asks who you are when an app of the demo sends you here.')),
  );
  app.notFound((c) => c.html(messagePage('Nothing here', 'The development identity provider has no such page.'), 404));
  app.onError((error, c) => {
    if (error instanceof CausewayError && error.code === 'CW_REQUEST_INVALID') {
      return c.html(messagePage('This login cannot go on', error.message), 400);
    }
    return c.html(messagePage('This login cannot go on', 'The development identity provider failed.'), 500);
  });
  return app;
}

function policy(more: string): string {
  return `default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; ${more}`;
}
