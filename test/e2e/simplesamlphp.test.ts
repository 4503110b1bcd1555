import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cookieFor } from '../harness/as-person.ts';
import { launchBrowser, type TrustingBrowser } from '../harness/browser.ts';
import { fetchText } from '../harness/https-client.ts';
import { endAll } from '../harness/end-all.ts';
import { expectNoLeftovers } from '../harness/leftovers.ts';
import { startOwnApp, type OwnApp } from '../harness/own-app.ts';
import { webApp } from '../harness/pop-config.ts';
import { startSimpleSaml, type SimpleSamlPerson } from '../harness/simplesamlphp.ts';
import { startSite, type Site } from '../harness/site.ts';
import { lacking, BROWSER, SIMPLESAMLPHP } from '../harness/requirements.ts';

const GRACE: SimpleSamlPerson = {
  user: 'grace',
  password: "it's \\ a pass",
  mail: 'grace@corp.example',
  displayName: 'Gräce <&> Ünïcode',
  groups: ['staff', 'engineers'],
};
const HEIDI: SimpleSamlPerson = {
  ...GRACE,
  user: 'heidi',
  mail: 'heidi@corp.example',
  displayName: 'Heidi',
  groups: ['guests'],
};
const RULES = [
  { name: 'guests-elsewhere', groups: ['guests'], action: 'block', notice: 'Guests use the lobby.' },
  { name: 'engineers', groups: ['engineers'], action: 'allow' },
];

describe.skipIf(lacking('SimpleSAMLphp', BROWSER, SIMPLESAMLPHP))(
  'login through an identity provider that we did not write',
  () => {
    let app: OwnApp;
    let site: Site;
    let browser: TrustingBrowser;

    beforeAll(async () => {
      app = await startOwnApp();
      site = await startSite({
        name: 'ssp',
        apps: [webApp({ name: 'intranet', host: '127.0.0.1', port: app.port })],
        rules: RULES,
        allow: [`127.0.0.1:${app.port}`],
        idp: (sp) => startSimpleSaml(sp, [GRACE, HEIDI]),
      });
      browser = await launchBrowser({ caFiles: site.caFiles });
    });
    afterAll(() =>
      endAll(
        () => browser?.close(),
        () => site?.stop(),
        () => app?.stop(),
        () => expectNoLeftovers(),
      ),
    );

    test('deep link, groups and name arrive', async () => {
      const { page, context } = await browser.person();
      const link = site.url('intranet', '/deep/link?x=1&y=%C3%A4');
      await page.goto(link);
      expect(page.url()).toContain('/simplesaml/');
      await site.idp.signIn(page, 'grace');
      await page.getByRole('heading', { name: 'Private app' }).waitFor();
      expect(page.url()).toBe(link);

      await page.goto(site.loginOrigin);
      await page.getByRole('heading', { level: 1, name: GRACE.displayName }).waitFor();
      for (const group of GRACE.groups) await page.getByText(group, { exact: true }).waitFor();
      await page.getByText(GRACE.mail).waitFor();
      await context.close();
    });

    test('groups of the identity provider decide: another person is blocked with the rule’s notice', async () => {
      const { page, context } = await browser.person();
      await page.goto(site.url('intranet'));
      await site.idp.signIn(page, 'heidi');
      await page.getByText('Guests use the lobby.').waitFor();
      expect(page.url()).toBe(site.url('intranet'));
      await context.close();
    });

    test('the response of one login is of no use a second time', async () => {
      const { page, context } = await browser.person();
      const posted: string[] = [];
      page.on('request', (request) => {
        if (request.method() === 'POST' && request.url().endsWith('/saml/acs')) posted.push(request.postData() ?? '');
      });
      await page.goto(site.url('intranet'));
      await site.idp.signIn(page, 'grace');
      await page.getByRole('heading', { name: 'Private app' }).waitFor();
      expect(posted).toHaveLength(1);
      const again = await fetchText(`${site.loginOrigin}/saml/acs`, {
        caFile: site.pop.ca,
        method: 'POST',
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          cookie: await cookieFor(context, site.loginOrigin),
        },
        body: posted[0] ?? '',
      });
      expect(again.status).toBe(403);
      expect(again.body).toContain('CW_SAML_NO_PENDING');
      await context.close();
    });
  },
);
