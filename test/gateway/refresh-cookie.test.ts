import { ConnectError, createClient } from '@connectrpc/connect';
import { createGrpcWebTransport } from '@connectrpc/connect-web';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { AuthService } from '../../src/gen/web/auth/v1/auth_service_pb.js';
import { ErrorInfoSchema } from '../../src/gen/web/google/rpc/error_details_pb.js';
import { openCookiePage } from '../support/cookie-page.ts';
import type { CookiePage, WebAnswer } from '../support/cookie-page.ts';
import { PASSWORD, register } from '../support/people.ts';
import { refusalOf } from '../support/refusal.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { problemOf } from '../support/validation.ts';

let database: TestDatabase;
let service: TestService;
let secondLogin: string;
beforeAll(async () => {
  database = await createTestDatabase();
  service = await startService({
    DATABASE_URL: database.serviceUrl,
    REDIS_URL: inject('redisUrl'),
    GATEWAY_ADDRESS: '127.0.0.1:0',
    PUBLIC_CALLS_PER_MINUTE: '1000000',
    DATABASE_POOL_SIZE: '20',
  });
  ({ secondLogin } = await register(service));
});
afterAll(async () => {
  await service?.stop();
  await database?.drop();
});

const openPage = (keys?: CookiePage['keys']) => openCookiePage(service.gatewayUrl, keys);
const logIn = (page: CookiePage, options?: Parameters<CookiePage['call']>[2]) =>
  page.call('auth.v1.AuthService/Login', { login: secondLogin, password: PASSWORD }, options);
const bearerOf = ({ body }: WebAnswer) => ({ authorization: `Bearer ${body.tokens.accessToken}` });
const eventsOf = async (sessionId: string) =>
  (
    await database.query<{ type: string }>('select type from auth.outbox_events where session_id = $1 order by id', [
      sessionId,
    ])
  ).map(({ type }) => type);

/** A page whose session is a guest's. */
async function openSessionPage() {
  const page = await openPage();
  const answer = await page.startGuestSession();
  expect(answer.status).toBe(200);
  return { page, answer, sessionId: answer.body.tokens.sessionId };
}

describe('A login by a page that wants its tokens in cookies', () => {
  it('puts them where scripts cannot read them, and nowhere else', async () => {
    const page = await openPage();
    const answer = await logIn(page);
    expect(answer.status).toBe(200);
    const [refreshCookie = '', deviceCookie = '', ...others] = answer.headers.getSetCookie();
    const [, token = '', maxAge] =
      /^__Host-refresh_token=(rt2_[\w-]{134}); Max-Age=(\d+); Path=\/; HttpOnly; Secure; SameSite=Strict$/.exec(
        refreshCookie,
      ) ?? [];
    const WEEK = 7 * 24 * 3600;
    expect(Number(maxAge)).toBeGreaterThan(WEEK - 60);
    expect(Number(maxAge)).toBeLessThanOrEqual(WEEK);
    expect(deviceCookie).toMatch(
      /^__Host-device_token=dt1_[\w-]+; Max-Age=31536000; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    );
    expect(others).toEqual([]);

    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.body.tokens).toMatchObject({ refreshTokenExpireTime: expect.any(String) });
    expect(answer.body.tokens.refreshToken ?? '').toBe('');
    expect(answer.body.deviceToken ?? '').toBe('');
    expect(JSON.stringify(answer.body)).not.toContain(token);
    expect(JSON.stringify(answer.body)).not.toMatch(/rt[12]_|dt1_/);
    expect(await problemOf(service, answer.body.tokens.accessToken)).toBeNull();
  });

  it('is of a known device the next time, without the page knowing', async () => {
    const page = await openPage();
    await logIn(page);
    const device = page.jar.get('__Host-device_token');
    await logIn(page);
    // A device that is known keeps its token; another one would be given its own.
    expect(page.jar.get('__Host-device_token')).toBe(device);
    await logIn(page, { headers: { cookie: '__Host-device_token=dt1_broken; __Host-device_token=a' } });
    expect(page.jar.get('__Host-device_token')).not.toBe(device);
  });

  it('is of the device that the message names, where it names one', async () => {
    const page = await openPage();
    await logIn(page);
    const device = page.jar.get('__Host-device_token');
    const login = { login: secondLogin, password: PASSWORD, deviceToken: 'dt1_another' };
    expect((await page.call('auth.v1.AuthService/Login', login)).status).toBe(200);
    // One that is not known is given its own.
    expect(page.jar.get('__Host-device_token')).not.toBe(device);
  });

  it('gives tokens in the answer, and no cookie, where none is wanted', async () => {
    const page = await openPage();
    const answer = await logIn(page, { headers: { 'x-token-transport': null }, proof: null });
    expect(answer.body.tokens.refreshToken).toMatch(/^rt1_/);
    expect(answer.body.deviceToken).toMatch(/^dt1_/);
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(answer.headers.has('dpop-nonce')).toBe(false);
  });

  it('is refused without a proof, and says with which nonce it would do', async () => {
    const page = await openPage();
    for (const proof of [null, '', 'proof', await page.prove('/auth.v1.AuthService/Refresh')]) {
      const answer = await logIn(page, { proof });
      expect(answer).toMatchObject({ status: 401, reason: 'DPOP_PROOF_INVALID' });
      expect(answer.headers.get('dpop-nonce')).toMatch(/^[\w-]{32}$/);
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
  });

  it('works by a clock that is off by an hour, with the nonce of the refusal', async () => {
    const page = await openPage();
    const path = '/auth.v1.AuthService/Login';
    for (const offBy of [-3600, 3600, -8e8]) {
      const refused = await logIn(page, { proof: await page.prove(path, undefined, offBy) });
      expect(refused).toMatchObject({ status: 401, reason: 'DPOP_NONCE_REQUIRED' });
      const nonce = refused.headers.get('dpop-nonce') ?? '';
      expect((await logIn(page, { proof: await page.prove(path, nonce, offBy) })).status).toBe(200);
    }
  });

  it('is refused where the transport is one that we do not know', async () => {
    const page = await openPage();
    for (const transport of ['Cookie', 'body', '', 'cookie, cookie', 'cooki\u00e9']) {
      const answer = await logIn(page, { headers: { 'x-token-transport': transport } });
      expect(answer).toMatchObject({ status: 400, reason: 'INVALID_REQUEST', fields: ['x-token-transport'] });
      expect(JSON.stringify(answer.body)).not.toMatch(/rt[12]_/);
    }
  });

  it('is one more kind of call for a gRPC-web client, with cookies and nonces in the headers of HTTP', async () => {
    const page = await openPage();
    const seen: Response[] = [];
    const transport = createGrpcWebTransport({
      baseUrl: service.gatewayUrl,
      async fetch(input, init) {
        const answer = await page.fetch(input, init);
        seen.push(answer);
        return answer;
      },
      interceptors: [
        (next) => async (call) => {
          call.header.set('x-token-transport', 'cookie');
          call.header.set('dpop', await page.prove(new URL(call.url).pathname));
          return await next(call);
        },
      ],
    });
    const auth = createClient(AuthService, transport);
    const { tokens, deviceToken } = await auth.login({ login: secondLogin, password: PASSWORD });
    expect({ refresh: tokens?.refreshToken, deviceToken }).toEqual({ refresh: '', deviceToken: '' });
    const first = page.token();
    expect(first).toMatch(/^rt2_/);
    expect((await auth.refresh({})).tokens?.accessToken).toBeTruthy();
    expect(page.token()).not.toBe(first);

    page.jar.set('__Host-refresh_token', 'rt2_broken');
    const refused = ConnectError.from(await auth.refresh({}).catch((error: unknown) => error));
    expect(refused.findDetails(ErrorInfoSchema)[0]?.reason).toBe('REFRESH_TOKEN_UNKNOWN');
    expect(refused.metadata.get('dpop-nonce')).toMatch(/^[\w-]{32}$/);
    expect(seen.at(-1)?.headers.getSetCookie()).toEqual([expect.stringMatching(/^__Host-refresh_token=; Max-Age=0;/)]);
    expect(seen.at(-1)?.headers.get('dpop-nonce')).toBeTruthy();
    expect(page.token()).toBe('');
  });
});

describe('A refresh by cookie', () => {
  it('trades the cookie for its successor', async () => {
    const { page } = await openSessionPage();
    const first = page.token();
    const answer = await page.refresh();
    expect(answer).toMatchObject({ status: 200, body: { outcome: 'REFRESH_OUTCOME_ROTATED' } });
    expect(JSON.stringify(answer.body)).not.toMatch(/rt[12]_/);
    expect(page.token()).toMatch(/^rt2_/);
    expect(page.token()).not.toBe(first);
    expect((await page.refresh()).status).toBe(200);
  });

  it('never logs anybody out: of 8 at once in each of 50 browsers, all get the one successor', async () => {
    const pages = await Promise.all(Array.from({ length: 50 }, openSessionPage));
    await Promise.all(
      pages.map(async ({ page, sessionId }) => {
        const cookie = `__Host-refresh_token=${page.token()}`;
        const answers = await Promise.all(Array.from({ length: 8 }, () => page.refresh({ headers: { cookie } })));
        expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
        const successors = answers.flatMap(({ headers }) => headers.getSetCookie().map((line) => line.split(';')[0]));
        expect(successors).toHaveLength(8);
        expect(new Set(successors).size).toBe(1);
        expect((await page.refresh()).status).toBe(200);
        expect(await eventsOf(sessionId)).not.toContain('session.ended');
      }),
    );
  });

  it('is refused without a cookie', async () => {
    const page = await openPage();
    const answer = await page.refresh();
    expect(answer).toMatchObject({ status: 401, reason: 'REFRESH_TOKEN_MISSING' });
    expect(answer.headers.get('dpop-nonce')).toBeTruthy();
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  it('is refused with a token in the message as well', async () => {
    const { page } = await openSessionPage();
    const answer = await page.call('auth.v1.AuthService/Refresh', { refreshToken: page.token() });
    expect(answer).toMatchObject({ status: 400, reason: 'INVALID_REQUEST', fields: ['refresh_token'] });
    expect((await page.refresh()).status).toBe(200);
  });

  it.each([
    ['garbage', () => '__Host-refresh_token=garbage'],
    ['nothing in it', () => '__Host-refresh_token='],
    [
      'a forged token',
      (token: string) => `__Host-refresh_token=${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`,
    ],
    ['10 kB in it', () => `__Host-refresh_token=${'a'.repeat(10_000)}`],
    ['other characters in it', (token: string) => `__Host-refresh_token="${token}"`],
    ['percent signs in it', (token: string) => `__Host-refresh_token=%72${token.slice(1)}`],
  ])('removes a cookie with %s', async (_what, cookieOf) => {
    const { page } = await openSessionPage();
    const answer = await page.refresh({ headers: { cookie: cookieOf(page.token()) } });
    expect(answer).toMatchObject({ status: 401, reason: 'REFRESH_TOKEN_UNKNOWN' });
    expect(answer.headers.getSetCookie()).toEqual([
      '__Host-refresh_token=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Strict',
    ]);
  });

  it('does not choose between two cookies, and removes neither', async () => {
    const { page } = await openSessionPage();
    const token = page.token();
    for (const planted of [token, 'a', '"']) {
      const cookie = `__Host-refresh_token=${planted}; __Host-refresh_token=${token}`;
      const answer = await page.refresh({ headers: { cookie } });
      expect(answer).toMatchObject({ status: 401, reason: 'REFRESH_TOKEN_UNKNOWN' });
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
    expect((await page.refresh()).status).toBe(200);
  });

  it('does not mind the cookies of others, whatever they are', async () => {
    const { page } = await openSessionPage();
    const cookie = `a=\u00e9; =; b; refresh_token=a; __host-refresh_token=b; __Host-refresh_token=${page.token()}; c="d`;
    expect((await page.refresh({ headers: { cookie } })).status).toBe(200);
  });

  it('takes no token that is unbound: somebody would have planted it, to have his session go on here', async () => {
    const attacker = await openPage();
    const withoutCookies = { 'x-token-transport': null, cookie: null };
    const { body } = await logIn(attacker, { headers: withoutCookies, proof: null });
    const planted = body.tokens.refreshToken ?? '';
    expect(planted).toMatch(/^rt1_/);
    const page = await openPage();
    page.jar.set('__Host-refresh_token', planted);
    const answer = await page.refresh();
    expect(answer).toMatchObject({ status: 401, reason: 'REFRESH_TOKEN_UNKNOWN' });
    expect(JSON.stringify(answer.body)).not.toContain('accessToken');
    expect(page.token()).toBe('');

    // In the message it is good, and stays unbound, whatever is proved: whoever has it would bind it to a key of his own.
    const inTheMessage = { refreshToken: planted };
    const next = await attacker.call('auth.v1.AuthService/Refresh', inTheMessage, { headers: withoutCookies });
    expect(next.body.tokens.refreshToken).toMatch(/^rt1_/);
  });

  it('with the right key, but of a token that was used long ago, ends the session and removes the cookie', async () => {
    const { page, sessionId } = await openSessionPage();
    const old = page.token();
    await page.refresh();
    await page.refresh();
    const current = page.token();
    // The grace is 30 seconds.
    await database.query(
      `update auth.refresh_tokens
          set rotations = array(select at - interval '31 seconds' from unnest(rotations) with ordinality r (at, no) order by no)
        where session_id = $1`,
      [sessionId],
    );
    const answer = await page.refresh({ headers: { cookie: `__Host-refresh_token=${old}` } });
    expect(answer).toMatchObject({ status: 401, reason: 'REFRESH_TOKEN_REUSED' });
    expect(page.token()).toBe('');
    page.jar.set('__Host-refresh_token', current);
    expect(await page.refresh()).toMatchObject({ status: 401, reason: 'SESSION_ENDED' });
    expect(page.token()).toBe('');
    expect(await eventsOf(sessionId)).toContain('session.refresh_reused');
  });

  it('that other tabs have left behind meanwhile is answered with the one that counts: cookies come in any order', async () => {
    const { page, sessionId } = await openSessionPage();
    const left = [page.token()];
    for (let turn = 0; turn < 4; turn += 1) {
      await page.refresh();
      left.push(page.token());
    }
    const current = left.pop();
    const answers = await Promise.all(
      left.flatMap((token) =>
        [token, token].map((cookie) => page.refresh({ headers: { cookie: `__Host-refresh_token=${cookie}` } })),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect(page.token()).toBe(current);
    expect((await page.refresh()).status).toBe(200);
    expect(await eventsOf(sessionId)).not.toContain('session.ended');
  });

  it('that has expired removes the cookie', async () => {
    const { page, sessionId } = await openSessionPage();
    await database.query('update auth.refresh_tokens set expires_at = now() where session_id = $1', [sessionId]);
    expect(await page.refresh()).toMatchObject({ status: 401, reason: 'REFRESH_TOKEN_EXPIRED' });
    expect(page.token()).toBe('');
  });
});

describe('A cookie that was copied', () => {
  it('is good for nothing without the key, and its owner goes on', async () => {
    const { page, sessionId } = await openSessionPage();
    const token = page.token();
    const [{ refused_at: before }] = (await database.query(
      'select t.refused_at, s.last_used_at from auth.refresh_tokens t join auth.sessions s on s.id = t.session_id where s.id = $1',
      [sessionId],
    )) as [{ refused_at: Date | null }];
    expect(before).toBeNull();

    const thief = await openPage();
    thief.jar.set('__Host-refresh_token', token);
    for (let round = 0; round < 20; round += 1) {
      const answer = await thief.refresh();
      expect(answer).toMatchObject({ status: 401, reason: 'REFRESH_TOKEN_BOUND' });
      // It is no cookie that is good for nothing: a page that could not open its key just now finds it again.
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
    expect(await thief.refresh({ proof: null })).toMatchObject({ status: 401, reason: 'DPOP_PROOF_INVALID' });
    const inTheMessage = { refreshToken: token };
    for (const proof of [null, undefined]) {
      const options = { headers: { 'x-token-transport': null, cookie: null }, ...(proof === null ? { proof } : {}) };
      expect(await thief.call('auth.v1.AuthService/Refresh', inTheMessage, options)).toMatchObject({
        status: 401,
        reason: 'REFRESH_TOKEN_BOUND',
      });
    }
    expect(await refusalOf(service.auth.refresh(inTheMessage))).toMatchObject({
      status: 'UNAUTHENTICATED',
      reason: 'REFRESH_TOKEN_BOUND',
    });

    // All of this was one event, and for the owner it has not happened.
    expect((await eventsOf(sessionId)).filter((type) => type === 'session.refresh_refused')).toHaveLength(1);
    expect(await page.refresh()).toMatchObject({ status: 200, body: { outcome: 'REFRESH_OUTCOME_ROTATED' } });
    expect((await page.refresh()).status).toBe(200);
  });

  it('is good with the key, of which there is one', async () => {
    const { page } = await openSessionPage();
    const sameKey = await openPage(page.keys);
    sameKey.jar.set('__Host-refresh_token', page.token());
    expect((await sameKey.refresh()).status).toBe(200);
  });
});

describe('The cookie of a session', () => {
  it.each([
    ['removed by a logout', 'auth.v1.AuthService/Logout', {}, true],
    ['removed by a logout of all sessions', 'auth.v1.AuthService/Logout', { scope: 'LOGOUT_SCOPE_ALL_SESSIONS' }, true],
    ['kept by a logout of all others', 'auth.v1.AuthService/Logout', { scope: 'LOGOUT_SCOPE_OTHER_SESSIONS' }, false],
    ['removed by closing the account', 'accounts.v1.AccountsService/DeactivateAccount', {}, true],
  ])('is %s', async (_what, method, message, isRemoved) => {
    const { page, answer } = await openSessionPage();
    const token = page.token();
    expect((await page.call(method, message, { headers: bearerOf(answer), proof: null })).status).toBe(200);
    expect(page.token()).toBe(isRemoved ? '' : token);
  });

  it.each([
    ['a logout', 'auth.v1.AuthService/Logout', {}],
    ['a logout of all sessions', 'auth.v1.AuthService/Logout', { scope: 'LOGOUT_SCOPE_ALL_SESSIONS' }],
    ['closing the account', 'accounts.v1.AccountsService/DeactivateAccount', {}],
  ])('is kept by %s of another session, as of who was logged in here before', async (_what, method, message) => {
    const { answer: before } = await openSessionPage();
    const { page } = await openSessionPage();
    const token = page.token();
    expect((await page.call(method, message, { headers: bearerOf(before), proof: null })).status).toBe(200);
    expect(page.token()).toBe(token);
    expect((await page.refresh()).status).toBe(200);
  });

  it('is kept by a logout that is refused', async () => {
    const { page } = await openSessionPage();
    const refused = await page.call('auth.v1.AuthService/Logout', {}, { proof: null });
    expect(refused).toMatchObject({ status: 401, reason: 'TOKEN_MISSING' });
    expect(page.token()).not.toBe('');
  });

  it('is no matter of calls that know no tokens', async () => {
    const { page, answer } = await openSessionPage();
    for (const transport of ['cookie', 'whatever']) {
      const headers = { ...bearerOf(answer), 'x-token-transport': transport, origin: null };
      const listed = await page.call('auth.v1.SessionsService/ListSessions', {}, { headers, proof: null });
      expect(listed.status).toBe(200);
      expect(listed.headers.getSetCookie()).toEqual([]);
      expect(listed.headers.has('dpop-nonce')).toBe(false);
    }
  });
});
