import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { ALLOWED_PAGE, checkedRequests, holders } from '../support/checked-requests.ts';
import type { Asked, Holders, Seen } from '../support/checked-requests.ts';
import { roleHolder } from '../support/delegation.ts';
import { challengeOf } from '../support/envoy-check.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
let service: TestService;
let another: TestService;
let people: Holders;
beforeAll(async () => {
  database = await createTestDatabase();
  const settings = {
    DATABASE_URL: database.serviceUrl,
    REDIS_URL: inject('redisUrl'),
    GATEWAY_ADDRESS: '127.0.0.1:0',
    BROWSER_ORIGINS: ALLOWED_PAGE,
  };
  service = await startService(settings);
  another = await startService(settings);
  people = await holders(service, database);
});
afterAll(async () => {
  await service?.stop();
  await another?.stop();
  await database?.drop();
});

/** Strangers pass by a path, roles stand in the query; everything else that is asked for does, too. */
function urlOf(of: TestService, { anonymous, ...others }: NonNullable<Asked['options']> = {}): string {
  const isPath = anonymous === 'allowed';
  const query = new URLSearchParams({ ...others, ...(anonymous === undefined || isPath ? {} : { anonymous }) });
  return `${of.gatewayUrl}/gateway/verify${isPath ? '/anonymous' : ''}?${query.toString()}`;
}

/** Asks as a proxy does, which hands on what it has got. */
async function verify({ method, headers, options }: Asked, of = service, methodHeader = 'x-original-method') {
  const named = { [methodHeader]: method ?? 'GET' };
  const response = await fetch(urlOf(of, options), { headers: { ...named, ...headers } });
  return { response, text: await response.text() };
}

/** In the words of the table. */
async function seenBy(asked: Asked, ...rest: [of?: TestService, methodHeader?: string]): Promise<Seen> {
  const { response, text } = await verify(asked, ...rest);
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(response.headers.get('access-control-allow-origin')).toBeNull();
  const { status } = response;
  if (status !== 200) {
    const { reason, message } = JSON.parse(text) as { reason: string; message: string };
    expect(message).not.toBe('');
    expect(response.headers.get('x-auth-reason')).toBe(reason);
    return { status, reason, challenge: challengeOf(response.headers.get('www-authenticate')) };
  }
  expect(text).toBe('');
  const identity = Object.fromEntries(
    ['x-user-id', 'x-session-id', 'x-user-roles'].flatMap((name) => {
      const value = response.headers.get(name);
      return value === null ? [] : [[name, value]];
    }),
  );
  const revision = response.headers.get('x-auth-revision');
  expect(revision ?? 'none').toMatch(Object.keys(identity).length > 0 ? /^\d+$/ : /^none$/);
  return { status, identity };
}

const bearerOf = (accessToken: string) => ({ authorization: `Bearer ${accessToken}` });
const cookieOf = (accessToken: string) => ({ cookie: `__Host-access_token=${accessToken}` });

/** What `fetch` does not send: headers that are there twice, other methods with odd bodies. */
function rawStatus(headers: readonly string[], { method = 'GET', path = '/gateway/verify' } = {}) {
  return new Promise<number>((resolve, reject) => {
    const { host } = new URL(service.gatewayUrl);
    request(service.gatewayUrl, { method, path, headers: ['host', host, ...headers] }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    })
      .on('error', reject)
      .end();
  });
}

describe('GET /gateway/verify', () => {
  it.each(['x-original-method', 'x-forwarded-method'])(
    'lets through and refuses by the table that Check has; the method by %s',
    async (methodHeader) => {
      const cases = checkedRequests(people);
      const seen = [];
      for (const [name, asked] of cases) seen.push([name, asked, await seenBy(asked, service, methodHeader)]);
      expect(seen).toEqual(cases);
    },
  );

  it('takes methods that differ for no safe one: one of the two headers may come from the client', async () => {
    const headers = { ...cookieOf(people.driver.tokens.accessToken), 'x-original-method': 'GET' };
    expect((await verify({ headers: { ...headers, 'x-forwarded-method': 'GET' } })).response.status).toBe(200);
    expect(await seenBy({ headers: { ...headers, 'x-forwarded-method': 'POST' } })).toMatchObject({
      status: 403,
      reason: 'ORIGIN_NOT_ALLOWED',
    });
  });

  it('takes its own pages for allowed ones', async () => {
    const { port } = new URL(service.gatewayUrl);
    const headers = cookieOf(people.driver.tokens.accessToken);
    const statusFrom = async (origin: string) =>
      (await verify({ method: 'POST', headers: { ...headers, origin } })).response.status;
    expect(await statusFrom(`http://localhost:${port}`)).toBe(200);
    expect(await statusFrom(`http://127.0.0.1:${port}`)).toBe(200);
    expect(await statusFrom(`http://localhost:${Number(port) + 1}`)).toBe(403);
  });

  it('answers HEAD as GET, without the body, and no other method', async () => {
    const head = await fetch(urlOf(service), { method: 'HEAD' });
    expect([head.status, head.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    const headers = bearerOf(people.driver.tokens.accessToken);
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const response = await fetch(urlOf(service), { method, headers });
      expect([method, response.status, response.headers.get('allow')]).toEqual([method, 405, 'GET, HEAD']);
    }
  });

  it('looks at every header that is there twice', async () => {
    const { accessToken } = people.driver.tokens;
    const authorization = ['authorization', `Bearer ${accessToken}`];
    expect(await rawStatus(authorization)).toBe(200);
    expect(await rawStatus([...authorization, ...authorization])).toBe(401);
    expect(await rawStatus([...authorization, 'authorization', 'Bearer garbage'])).toBe(401);
    const cookie = ['cookie', `__Host-access_token=${accessToken}`];
    const method = (name: string) => ['x-original-method', name];
    expect(await rawStatus([...cookie, ...method('GET')])).toBe(200);
    expect(await rawStatus([...cookie, ...cookie, ...method('GET')])).toBe(401);
    expect(await rawStatus([...cookie, ...method('GET'), ...method('POST')])).toBe(403);
    const post = [...cookie, ...method('POST'), 'origin', ALLOWED_PAGE];
    expect(await rawStatus(post)).toBe(200);
    expect(await rawStatus([...post, 'origin', 'https://evil.example'])).toBe(403);
  });

  it('takes a method that nobody names for one that changes something: a cookie needs an origin then', async () => {
    const cookie = ['cookie', `__Host-access_token=${people.driver.tokens.accessToken}`];
    expect(await rawStatus(cookie)).toBe(403);
    expect(await rawStatus([...cookie, 'origin', ALLOWED_PAGE])).toBe(200);
    expect(await rawStatus(['authorization', `Bearer ${people.driver.tokens.accessToken}`])).toBe(200);
  });

  it('refuses an option that is there twice, and reads encoded ones', async () => {
    const authorization = ['authorization', `Bearer ${people.manager.tokens.accessToken}`];
    const path = (query: string) => ({ path: `/gateway/verify?${query}` });
    expect(await rawStatus(authorization, path('required_roles=support%2Cmanager'))).toBe(200);
    expect(await rawStatus(authorization, path('required_roles=support,manager'))).toBe(200);
    expect(await rawStatus(authorization, path('required_roles=manager&required_roles=customer'))).toBe(500);
  });

  it('lets no query open a route: whose it is, the proxy may not have thought of', async () => {
    const { accessToken } = people.driver.tokens;
    for (const authorization of [[], ['authorization', `Bearer ${accessToken}`]]) {
      for (const query of ['anonymous=allowed', '%61nonymous=allowed', 'x=1&anonymous=allowed', 'anonymous']) {
        for (const path of ['/gateway/verify', '/gateway/verify/anonymous']) {
          const asked = `${path}?${query}`;
          expect([asked, await rawStatus(authorization, { path: asked })]).toEqual([asked, 500]);
        }
      }
    }
    expect(await rawStatus([], { path: '/gateway/verify/anonymous' })).toBe(200);
    expect(await rawStatus([], { path: '/gateway/verify/anonymous?required_roles=driver' })).toBe(500);
    expect(await rawStatus([], { path: '/gateway/verify/anonymous/' })).toBe(404);
  });

  it('knows what another replica has done when that has answered', async () => {
    const manager = await roleHolder(service, database, 'manager');
    for (let round = 0; round < 20; round += 1) {
      const user = await roleHolder(service, database, 'customer');
      const asked = { headers: bearerOf(user.tokens.accessToken), options: { required_roles: 'driver' } };
      expect(await seenBy(asked, another)).toMatchObject({ status: 403, reason: 'ROLE_REQUIRED' });
      await service.roles.grantRole({ userId: user.userId, role: 'driver' }, manager.as);
      expect(await seenBy(asked, another)).toMatchObject({
        status: 200,
        identity: { 'x-user-roles': 'customer,driver' },
      });
      await service.auth.logout({}, user.as);
      expect(await seenBy(asked, another)).toMatchObject({ status: 401, reason: 'TOKEN_REVOKED' });
    }
  });

  it('logs a route that is misconfigured, a refused person not, and nothing of what was shown', async () => {
    service.logLines.length = 0;
    const secret = people.driver.tokens.accessToken;
    await verify({ headers: bearerOf(`${secret}x`) });
    await verify({ headers: bearerOf(secret), options: { [secret]: secret } });
    expect(service.logLines).toEqual([
      expect.objectContaining({ level: 50, path: '/gateway/verify', reason: 'ROUTE_MISCONFIGURED' }),
    ]);
    expect(JSON.stringify(service.logLines)).not.toContain(secret.slice(0, 40));
  });
});

it('GET /gateway/verify says 503 and when to come back, never 401, when revocations cannot be known', async () => {
  const own = await createTestDatabase();
  const url = new URL(own.serviceUrl);
  const network = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
  url.port = String(network.port);
  const lone = await startService({
    DATABASE_URL: url.href,
    GATEWAY_ADDRESS: '127.0.0.1:0',
    REVOCATION_LEASE: '500ms',
  });
  const { tokens } = await roleHolder(lone, own, 'driver');
  await network.cut();
  const asked = { headers: bearerOf(tokens.accessToken) };
  const statuses = new Set<number>();
  const statusNow = async () => {
    const { response } = await verify(asked, lone);
    statuses.add(response.status);
    return response.status;
  };
  await expect.poll(statusNow, { timeout: 10_000 }).toBe(503);
  expect(await seenBy(asked, lone)).toEqual({ status: 503, reason: 'DEPENDENCY_UNAVAILABLE', challenge: undefined });
  expect((await verify(asked, lone)).response.headers.get('retry-after')).toBe('1');
  expect(await seenBy({ headers: bearerOf('garbage') }, lone)).toMatchObject({ status: 401 });
  await network.restore();
  await expect.poll(statusNow, { timeout: 15_000 }).toBe(200);
  expect([...statuses].sort()).toEqual([200, 503]);
  await lone.stop();
  await network.stop();
  await own.drop();
});
