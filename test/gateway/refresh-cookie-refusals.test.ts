import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { openCookiePage } from '../support/cookie-page.ts';
import type { CookiePage } from '../support/cookie-page.ts';
import { PASSWORD, newPerson } from '../support/people.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

const OTHER_PAGE = 'https://app.example.test';
const REFRESH = 'auth.v1.AuthService/Refresh';

let database: TestDatabase;
let service: TestService;
beforeAll(async () => {
  database = await createTestDatabase();
  service = await startService({
    DATABASE_URL: database.serviceUrl,
    REDIS_URL: inject('redisUrl'),
    GATEWAY_ADDRESS: '127.0.0.1:0',
    BROWSER_ORIGINS: OTHER_PAGE,
    PUBLIC_CALLS_PER_MINUTE: '1000000',
    LOG_LEVEL: 'debug',
  });
});
afterAll(async () => {
  await service?.stop();
  await database?.drop();
});

const openPage = () => openCookiePage(service.gatewayUrl);
async function openSessionPage() {
  const page = await openPage();
  const answer = await page.startGuestSession();
  expect(answer.status).toBe(200);
  return { page, sessionId: answer.body.tokens.sessionId };
}
const generationOf = async (sessionId: string) =>
  (await database.query('select generation from auth.refresh_tokens where session_id = $1', [sessionId]))[0]
    ?.generation;

describe('A page of somebody else, in a browser that has the cookie', () => {
  /** Whatever is sent: nothing is refreshed, nothing is handed out. */
  async function expectNothing(send: (page: CookiePage, cookie: string) => Promise<Response>) {
    const { page, sessionId } = await openSessionPage();
    const answer = await send(page, `__Host-refresh_token=${page.token()}`);
    expect(answer.ok).toBe(false);
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(await answer.text()).not.toMatch(/rt[12]_|accessToken/);
    expect(await generationOf(sessionId)).toBe(1);
    expect((await page.refresh()).status).toBe(200);
  }
  const send = (headers: Record<string, string>, body = '{}') =>
    fetch(`${service.gatewayUrl}/${REFRESH}`, { method: 'POST', headers, body });

  it.each([
    ['a form of text', { 'content-type': 'text/plain', origin: 'https://evil.example' }],
    ['a form of text of a browser that says no origin', { 'content-type': 'text/plain' }],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded', origin: 'null' }],
    [
      'JSON from its origin',
      { 'content-type': 'application/json', origin: 'https://evil.example', 'x-token-transport': 'cookie' },
    ],
    ['JSON from no origin', { 'content-type': 'application/json', 'x-token-transport': 'cookie' }],
    [
      'JSON from the origin null',
      { 'content-type': 'application/json', origin: 'null', 'x-token-transport': 'cookie' },
    ],
    ['JSON without the header', { 'content-type': 'application/json' }],
  ])('gets nothing by %s, even with a proof', async (_what, headers) => {
    await expectNothing(async (page, cookie) =>
      send({ ...headers, cookie, dpop: await page.prove(`/${REFRESH}`) } as Record<string, string>),
    );
  });

  it('is told that its origin is not allowed, and so is whoever says none', async () => {
    const { page } = await openSessionPage();
    for (const origin of ['https://evil.example', 'null', null]) {
      expect(await page.refresh({ headers: { origin } })).toMatchObject({ status: 403, reason: 'ORIGIN_NOT_ALLOWED' });
      const logout = await page.call('auth.v1.AuthService/StartCodeLogin', {}, { headers: { origin }, proof: null });
      expect(logout).toMatchObject({ status: 403, reason: 'ORIGIN_NOT_ALLOWED' });
    }
  });

  it('is not let through by the preflight; a page that is allowed is, with all headers that it needs', async () => {
    const preflight = (origin: string) =>
      fetch(`${service.gatewayUrl}/${REFRESH}`, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type,dpop,x-token-transport',
        },
      });
    const foreign = await preflight('https://evil.example');
    expect(foreign.status).toBe(403);
    expect(foreign.headers.has('access-control-allow-origin')).toBe(false);

    const { headers } = await preflight(OTHER_PAGE);
    expect(headers.get('access-control-allow-origin')).toBe(OTHER_PAGE);
    expect(headers.get('access-control-allow-credentials')).toBe('true');
    expect(headers.get('access-control-allow-headers')?.toLowerCase().split(/, ?/)).toEqual(
      expect.arrayContaining(['content-type', 'dpop', 'x-token-transport', 'authorization']),
    );
    const page = await openPage();
    const answer = await page.startGuestSession({ headers: { origin: OTHER_PAGE } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('access-control-expose-headers')?.toLowerCase()).toContain('dpop-nonce');
  });
});

describe('A page of another origin that is allowed, with a key of its own in the same browser', () => {
  it('has a cookie of its own: neither page takes the session of the other away', async () => {
    const { page: account } = await openSessionPage();
    const app = { headers: { origin: OTHER_PAGE } };
    const page = await openPage();
    for (const [name, value] of account.jar) page.jar.set(name, value);
    expect(await page.refresh(app)).toMatchObject({ status: 401, reason: 'REFRESH_TOKEN_MISSING' });
    const { headers } = await page.startGuestSession(app);
    expect(headers.getSetCookie()).toEqual([expect.stringMatching(/^__Host-refresh_token-5b8c7308=rt2_/)]);

    // One browser, and so one jar.
    for (const [name, value] of page.jar) account.jar.set(name, value);
    expect((await account.refresh()).status).toBe(200);
    for (const [name, value] of account.jar) page.jar.set(name, value);
    const refreshed = await page.refresh(app);
    expect(refreshed.status).toBe(200);
    const logout = {
      headers: { ...app.headers, authorization: `Bearer ${refreshed.body.tokens.accessToken}` },
      proof: null,
    };
    expect((await page.call('auth.v1.AuthService/Logout', {}, logout)).status).toBe(200);
    expect([...page.jar.keys()]).toEqual(['__Host-refresh_token']);
  });
});

describe('Who is over his limit', () => {
  it('has nothing verified, and is given no nonce', async () => {
    const limited = await startService({
      DATABASE_URL: database.serviceUrl,
      GATEWAY_ADDRESS: '127.0.0.1:0',
      PUBLIC_CALLS_PER_MINUTE: '1',
    });
    const page = await openCookiePage(limited.gatewayUrl);
    const first = await page.refresh({
      proof: 'proof',
      headers: { cookie: `__Host-refresh_token=rt2_${'A'.repeat(134)}` },
    });
    expect(first.reason).toBe('DPOP_PROOF_INVALID');
    const second = await page.refresh({ proof: 'proof', headers: { 'x-token-transport': 'whatever' } });
    expect(second).toMatchObject({ status: 429, reason: 'RATE_LIMITED' });
    expect(second.headers.has('dpop-nonce')).toBe(false);
    await limited.stop();
  });
});

describe('A proof', () => {
  it.each([
    ['for another call', 'htu', (page: CookiePage) => page.prove('/auth.v1.AuthService/Login')],
    [
      'twice',
      'jws',
      async (page: CookiePage) => `${await page.prove(`/${REFRESH}`)}, ${await page.prove(`/${REFRESH}`)}`,
    ],
    ['of 5 kB', 'jws', async (page: CookiePage) => (await page.prove(`/${REFRESH}`)) + 'a'.repeat(5000)],
    ['in other characters', 'jws', () => Promise.resolve('\u00e9')],
    ['that is not there', 'dpop', () => Promise.resolve(null)],
  ])('%s is none, which says of %s what is expected, and nothing is refreshed', async (_what, part, make) => {
    const { page, sessionId } = await openSessionPage();
    const { port } = new URL(service.gatewayUrl);
    const urls = ['localhost', '127.0.0.1', '[::1]'].map((name) => `http://${name}:${port}/${REFRESH}`);
    const expected = part === 'htu' ? urls.join(', ') : expect.any(String);
    expect(await page.refresh({ proof: await make(page) })).toMatchObject({
      status: 401,
      reason: 'DPOP_PROOF_INVALID',
      body: { details: [{ debug: { metadata: { part, expected } } }] },
    });
    expect(await generationOf(sessionId)).toBe(1);
  });

  it('that was used counts again within its minutes: whoever copies both is one more tab, and after the grace a thief', async () => {
    const { page, sessionId } = await openSessionPage();
    const [cookie, proof] = [`__Host-refresh_token=${page.token()}`, await page.prove(`/${REFRESH}`)];
    expect((await page.refresh({ headers: { cookie }, proof })).status).toBe(200);
    await page.refresh();
    const current = page.token();
    const within = await page.refresh({ headers: { cookie }, proof });
    // He forks nothing: there is one token that counts.
    expect(within).toMatchObject({ status: 200, body: { outcome: 'REFRESH_OUTCOME_REPLAYED' } });
    expect(page.token()).toBe(current);
    // The grace is 30 seconds.
    await database.query(
      `update auth.refresh_tokens
          set rotations = array(select at - interval '31 seconds' from unnest(rotations) with ordinality r (at, no) order by no)
        where session_id = $1`,
      [sessionId],
    );
    const after = await page.refresh({ headers: { cookie }, proof });
    expect(after).toMatchObject({ status: 401, reason: 'REFRESH_TOKEN_REUSED' });
    const events = await database.query('select type from auth.outbox_events where session_id = $1', [sessionId]);
    expect(events).toContainEqual({ type: 'session.ended' });
  });
});

describe('Register with an idempotency key, by a page with its tokens in cookies', () => {
  const REGISTER = 'auth.v1.AuthService/Register';
  const request = () => {
    const { secondLogin, phone } = newPerson();
    return { secondLogin, phone, password: PASSWORD, interface: 'customer', idempotencyKey: randomUUID() };
  };

  it('answers a repeat with the very same cookie, which works', async () => {
    const page = await openPage();
    const wanted = request();
    const first = await page.call(REGISTER, wanted);
    const token = page.token();
    const second = await page.call(REGISTER, wanted);
    expect(second.body).toEqual(first.body);
    expect(page.token()).toBe(token);
    expect(await page.refresh()).toMatchObject({ status: 200, body: { outcome: 'REFRESH_OUTCOME_ROTATED' } });
  });

  it('refuses a repeat with another key, and without one: its token would be good for nothing', async () => {
    const page = await openPage();
    const wanted = request();
    await page.call(REGISTER, wanted);
    const refusal = { status: 400, reason: 'IDEMPOTENCY_KEY_REUSED' };
    expect(await (await openPage()).call(REGISTER, wanted)).toMatchObject(refusal);
    const withoutCookies = { headers: { 'x-token-transport': null }, proof: null };
    expect(await page.call(REGISTER, wanted, withoutCookies)).toMatchObject(refusal);
    expect((await page.refresh()).status).toBe(200);
  });

  it('refuses a repeat with a key where the first call had none', async () => {
    const page = await openPage();
    const wanted = request();
    const first = await page.call(REGISTER, wanted, { headers: { 'x-token-transport': null }, proof: null });
    expect(first.status).toBe(200);
    expect(await page.call(REGISTER, wanted)).toMatchObject({ reason: 'IDEMPOTENCY_KEY_REUSED' });
  });
});

describe('The log', () => {
  it('has a line for each call by cookie, refused or not, and nothing of tokens, cookies and proofs', async () => {
    const before = service.logLines.length;
    const { page } = await openSessionPage();
    const [token, proof] = [page.token(), await page.prove(`/${REFRESH}`)];
    const stolen = { headers: { cookie: `__Host-refresh_token=${token}` } };
    await page.refresh({ proof });
    await (await openPage()).refresh(stolen);
    await (await openPage()).refresh();
    await page.refresh({ proof: 'proof' });
    await page.refresh({ headers: { origin: null } });
    const lines = service.logLines
      .slice(before)
      .filter(({ msg, method }) => msg === 'call' && method === `/${REFRESH}`);
    expect(lines.map(({ level, status, reason }) => ({ level, status, reason }))).toEqual([
      { level: 30, status: 'OK', reason: undefined },
      { level: 40, status: 'UNAUTHENTICATED', reason: 'REFRESH_TOKEN_BOUND' },
      { level: 30, status: 'UNAUTHENTICATED', reason: 'REFRESH_TOKEN_MISSING' },
      { level: 30, status: 'UNAUTHENTICATED', reason: 'DPOP_PROOF_INVALID' },
      { level: 40, status: 'PERMISSION_DENIED', reason: 'ORIGIN_NOT_ALLOWED' },
    ]);
    const text = JSON.stringify(service.logLines);
    for (const secret of [token, page.token(), proof, proof.split('.')[2]!]) expect(text).not.toContain(secret);
    expect(text).not.toMatch(/rt[12]_|dt1_|__Host-|eyJ/);
  });
});
