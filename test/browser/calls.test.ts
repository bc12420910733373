import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBrowser } from '../support/browser.ts';
import type { TestBrowser } from '../support/browser.ts';
import { createAuthority } from '../support/certificates.ts';
import { PASSWORD, newPerson, register } from '../support/people.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { bundle } from './support/bundle.ts';
import type { CallOfPage, OutcomeInPage } from './support/calling-page.ts';
import { startSite } from './support/site.ts';
import type { Site } from './support/site.ts';

const CLIENTS = [
  'grpc-web, binary',
  'grpc-web, text',
  'connect-web, gRPC-web',
  'connect-web, Connect',
  'connect-web, JSON',
] as const;

/** Names that are like the allowed one, app.example.test; two of them have a Cyrillic letter. */
const LOOKALIKES = [
  ...['example.test', 'www.app.example.test', 'xapp.example.test', 'app-example.test', 'app_example.test'],
  ...['app.example', 'app.example.com', 'app.example.tests', 'app.example.test.', 'app.example.test.localhost'],
  ...['app.example.test.evil.test', 'app.example.com.evil.test', 'аpp.example.test', 'app.ехample.test'],
];
/** Other names, and addresses that are this machine. */
const STRANGERS = [
  ...['app', 'test', 'evil.test', 'app.localhost', 'localhost.', '127.0.0.1', '127.0.0.2', '10.0.0.1'],
  ...['[::1]', '[::ffff:127.0.0.1]'],
];
const FOREIGN_HOSTS = [...LOOKALIKES, ...STRANGERS];

describe('Pages of other origins', () => {
  let database: TestDatabase;
  let service: TestService;
  let browser: TestBrowser;
  const sites: Site[] = [];
  let site: Site;
  let otherPort: Site;
  let plain: Site;
  beforeAll(async () => {
    const script = await bundle('./calling-page.ts');
    const documents = { '/': page('<script src="/call.js"></script>'), '/call.js': script };
    const authority = createAuthority();
    const start = async (...args: Parameters<typeof startSite>) => {
      const started = await startSite(...args);
      sites.push(started);
      return started;
    };
    const certificate = authority.issue('app.example.test', 'DNS:app.example.test');
    site = await start(documents, certificate);
    otherPort = await start(documents, certificate);
    plain = await start(documents);
    authority.remove();
    database = await createTestDatabase();
    service = await startService({
      DATABASE_URL: database.serviceUrl,
      GATEWAY_ADDRESS: '127.0.0.1:0',
      BROWSER_ORIGINS: [site.at('app.example.test'), plain.at('localhost')].join(','),
    });
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await service?.stop();
    await Promise.all([database?.drop(), ...sites.map((each) => each.stop())]);
  });

  const visit = async (url: string) => {
    const { profile } = await browser.newProfile({ ignoreHTTPSErrors: true });
    const tab = await profile.newPage();
    await tab.goto(url);
    return tab;
  };
  const callIn = async (frame: Pick<Page, 'evaluate'>, call: Omit<CallOfPage, 'url'>) =>
    await frame.evaluate<OutcomeInPage>(`call(${JSON.stringify({ url: service.gatewayUrl, ...call })})`);
  const answered = (outcome: OutcomeInPage) => {
    if (!('response' in outcome)) throw new Error(`It failed: ${JSON.stringify(outcome)}`);
    return outcome.response;
  };
  const people = async () => (await database.query('select from accounts.users')).length;
  /** As JSON, with protobuf's names of fields. */
  const registration = () => {
    const { secondLogin, phone, password } = newPerson();
    return { secondLogin, phone, password, interface: 'customer' };
  };

  it.each(CLIENTS)(
    'that are allowed call as %s: log in, see sessions, read why something was refused',
    async (client) => {
      const { secondLogin } = await register(service);
      const tab = await visit(site.at('app.example.test'));
      const login = await callIn(tab, {
        client,
        method: 'auth.v1.AuthService/Login',
        request: { login: secondLogin, password: PASSWORD },
      });
      const { accessToken } = answered(login)['tokens'] as { accessToken: string };
      const headers = { authorization: `Bearer ${accessToken}` };
      const method = 'auth.v1.SessionsService/ListSessions';
      const list = await callIn(tab, { client, method, request: {}, headers });
      expect(answered(list)['sessions']).toHaveLength(2);

      const refused = await callIn(tab, {
        client,
        method: 'auth.v1.AuthService/Login',
        request: { login: secondLogin, password: 'another one, and wrong' },
      });
      expect(refused).toMatchObject({ code: 16, reason: 'CREDENTIALS_INVALID' });
      const without = await callIn(tab, { client, method, request: {} });
      expect(without).toMatchObject({ code: 16, reason: 'TOKEN_MISSING' });
    },
  );

  it('find no administration, wherever they come from', async () => {
    const tab = await visit(site.at('app.example.test'));
    for (const client of CLIENTS) {
      const outcome = await callIn(tab, { client, method: 'accounts.v1.UsersAdminService/ListUsers', request: {} });
      expect(outcome).not.toHaveProperty('response');
    }
    expect(service.logLines.filter(({ method }) => String(method).includes('Admin'))).toEqual([]);
  });

  describe('that want their refresh token in a cookie', () => {
    const client = 'connect-web, gRPC-web';
    const logIn = async (tab: Page) => {
      const { secondLogin } = await register(service);
      const request = { login: secondLogin, password: PASSWORD };
      return await callIn(tab, { client, method: 'auth.v1.AuthService/Login', request, withCookies: true });
    };
    const refresh = async (tab: Page) =>
      await callIn(tab, { client, method: 'auth.v1.AuthService/Refresh', request: {}, withCookies: true });

    it('get it there on the same site, where no script sees it, and go on with it', async () => {
      const tab = await visit(plain.at('localhost'));
      const tokens = answered(await logIn(tab))['tokens'];
      expect(tokens).toHaveProperty('accessToken');
      expect(tokens).not.toHaveProperty('refreshToken');
      expect(await tab.evaluate('document.cookie')).toBe('');
      for (let times = 1; times <= 3; times++) {
        expect(answered(await refresh(tab))['tokens']).not.toHaveProperty('refreshToken');
      }
    });

    it('are asked for a nonce when their clock is an hour off, and go on with it', async () => {
      const tab = await visit(plain.at('localhost'));
      await tab.evaluate('{ const { now } = Date; Date.now = () => now() + 3_600_000; }');
      expect(await logIn(tab)).toMatchObject({ reason: 'DPOP_NONCE_REQUIRED' });
      answered(await logIn(tab));
      answered(await refresh(tab));
    });

    it('do not get it on another site: a browser neither keeps nor sends it there', async () => {
      const tab = await visit(site.at('app.example.test'));
      answered(await logIn(tab));
      expect(await tab.context().cookies()).toEqual([]);
      expect(await refresh(tab)).toMatchObject({ reason: 'REFRESH_TOKEN_MISSING' });
    });
  });

  describe('that are not allowed', () => {
    /** Every way there is for a script to send something: nothing comes back, and nothing happens. */
    async function tryAll(frame: Pick<Page, 'evaluate'>, origin: string) {
      expect(await frame.evaluate('self.origin')).toBe(origin);
      const before = { people: await people(), line: service.logLines.length };
      const method = 'auth.v1.AuthService/Register';
      const calls = CLIENTS.map((client) => callIn(frame, { client, method, request: registration() }));
      for (const [index, outcome] of (await Promise.all(calls)).entries()) {
        expect
          .soft(outcome, `${CLIENTS[index]} from ${origin}`)
          .toMatchObject({ failed: expect.anything(), reason: null });
      }
      // What a browser sends without asking first: it cannot keep the request back, only the answer.
      const types = ['text/plain', 'application/x-www-form-urlencoded', 'application/json'];
      const sent = await frame.evaluate<string[]>(`Promise.all([
        ...${JSON.stringify(types)}.map((type) => fetch('${service.gatewayUrl}/${method}', {
          method: 'POST', mode: 'no-cors', credentials: 'include', headers: { 'content-type': type },
          body: '${JSON.stringify(registration())}',
        })),
        fetch('${service.gatewayUrl}/accounts.v1.AccountsService/ListRoles?connect=v1&encoding=json&message=%7B%7D'),
      ].map((answer) => answer.then(({ type }) => type, () => 'failed')))`);
      expect.soft(sent, `without a preflight from ${origin}`).toEqual(['opaque', 'opaque', 'opaque', 'failed']);
      // Each of them was refused by the service, and not by chance on the way.
      const reasons = service.logLines.slice(before.line).map(({ reason }) => reason);
      const after = { people: await people(), reasons };
      const refused = Array.from({ length: CLIENTS.length + 4 }, () => 'ORIGIN_NOT_ALLOWED');
      expect.soft(after, `caused by ${origin}`).toEqual({ people: before.people, reasons: refused });
    }

    it(`get nothing and cause nothing, under ${FOREIGN_HOSTS.length} names of hosts`, async () => {
      const tab = await visit('about:blank');
      for (const host of FOREIGN_HOSTS) {
        const url = site.at(host);
        await tab.goto(url);
        await tryAll(tab, new URL(url).origin);
      }
    });

    it('get nothing and cause nothing from another port or with another scheme', async () => {
      for (const url of [otherPort.at('app.example.test'), plain.at('app.example.test'), site.at('localhost')]) {
        await tryAll(await visit(url), url);
      }
    });

    it('get nothing and cause nothing where their origin is null', async () => {
      const tab = await visit(site.at('app.example.test'));
      const script = `<script src='${site.at('app.example.test')}/call.js'></script>`;
      const frames = [
        `<iframe sandbox="allow-scripts" src="/"></iframe>`,
        `<iframe sandbox="allow-scripts" srcdoc="${script}"></iframe>`,
        `<iframe src="data:text/html,${encodeURIComponent(script)}"></iframe>`,
      ];
      for (const html of frames) {
        await tab.setContent(page(html), { waitUntil: 'load' });
        const frame = await tab.locator('iframe').elementHandle();
        await tryAll((await frame!.contentFrame())!, 'null');
      }
    });
  });
});

function page(body: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>A page</title><link rel="icon" href="data:,">${body}</html>`;
}
