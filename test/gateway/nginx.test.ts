import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import type { Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  DISGUISES,
  FORGED,
  PAGE,
  createSend,
  identityOf,
  portOf,
  preflightOf,
  startOrders,
  told,
  tokenOf,
} from '../support/behind-proxy.ts';
import type { Caller, Send } from '../support/behind-proxy.ts';
import { roleHolder } from '../support/delegation.ts';
import { startNginx } from '../support/nginx.ts';
import type { Nginx } from '../support/nginx.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

const SAMPLE = readFileSync(new URL('../../deploy/nginx/auth.conf', import.meta.url), 'utf8');
/** To some servers x_user_id is x-user-id. */
const FORGERY = { ...FORGED, x_user_id: 'forged' };

/** The sample itself, with other ports. */
function configureWith(ports: { gateway: number; orders: number }) {
  return (port: number) => {
    const text = SAMPLE.replaceAll('listen 80;', `listen 127.0.0.1:${port};`)
      .replace('/var/log/nginx/auth.log', 'auth.log')
      .replace('127.0.0.1:8080', `127.0.0.1:${ports.gateway}`)
      .replace('127.0.0.1:8090', `127.0.0.1:${ports.orders}`);
    expect(text.match(/127\.0\.0\.1:\d+/g)).toHaveLength(4);
    return text;
  };
}

describe('nginx with the sample', () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 50 });
  let database: TestDatabase;
  let service: TestService;
  let orders: Server;
  let nginx: Nginx;
  let send: Send;
  let driver: Caller;
  let manager: Caller;

  beforeAll(async () => {
    database = await createTestDatabase();
    service = await startService({
      DATABASE_URL: database.serviceUrl,
      REDIS_URL: inject('redisUrl'),
      GATEWAY_ADDRESS: '127.0.0.1:0',
      GATEWAY_URL: 'https://auth.example.com',
      TRUSTED_PROXIES: '127.0.0.1',
    });
    orders = await startOrders();
    nginx = await startNginx(
      configureWith({ gateway: Number(new URL(service.gatewayUrl).port), orders: portOf(orders) }),
    );
    send = createSend({ port: nginx.port, agent, isTls: false });
    driver = await roleHolder(service, database, 'driver');
    manager = await roleHolder(service, database, 'manager', 'customer');
  });
  afterAll(async () => {
    agent.destroy();
    await nginx?.stop();
    orders?.close();
    await service?.stop();
    await database?.drop();
  });

  const NOBODY = { 'x-forwarded-for': '127.0.0.1' };

  it('tells the service who calls, and nothing that a client has forged', async () => {
    const headers = { ...FORGERY, ...tokenOf(driver), 'x-forwarded-for': '203.0.113.7' };
    for (const method of ['GET', 'POST', 'DELETE']) {
      const answer = await send('/orders/1', headers, method);
      expect([answer.status, told(answer)]).toEqual([200, { ...identityOf(driver, 'driver'), method }]);
    }
    const answer = await send('/orders/admin/1', { ...FORGERY, ...tokenOf(manager) });
    expect(told(answer)).toEqual({ ...identityOf(manager, 'customer,manager'), method: 'GET' });
  });

  it('lets strangers pass where the route says so, as nobody, whatever they have forged', async () => {
    const answer = await send('/orders/catalogue/1', FORGERY);
    expect([answer.status, told(answer)]).toEqual([200, { ...NOBODY, method: 'GET' }]);
    const known = await send('/orders/catalogue/1', { ...FORGERY, ...tokenOf(driver) });
    expect(told(known)).toEqual({ ...identityOf(driver, 'driver'), method: 'GET' });
  });

  it('tells of somebody without roles that he has none', async () => {
    const roleless = await roleHolder(service, database);
    const answer = await send('/orders/1', { ...FORGERY, ...tokenOf(roleless) });
    expect(told(answer)).toEqual({ ...identityOf(roleless, ''), method: 'GET' });
  });

  it.each([
    ['no token', '/orders/1', {}, 401, 'TOKEN_MISSING', 'Bearer'],
    ['forged headers alone', '/orders/1', FORGERY, 401, 'TOKEN_MISSING', 'Bearer'],
    ['garbage', '/orders/1', { authorization: 'Bearer x' }, 401, 'TOKEN_MALFORMED', /^Bearer error="invalid_token"/],
    [
      'garbage on an anonymous route',
      '/orders/catalogue/1',
      { authorization: 'Bearer x' },
      401,
      'TOKEN_MALFORMED',
      /^Bearer error="invalid_token"/,
    ],
  ])('answers %s with the reason and one challenge', async (_, path, headers, status, reason, challenge) => {
    const answer = await send(path, headers as Record<string, string>);
    expect([answer.status, JSON.parse(answer.body)]).toEqual([status, { reason }]);
    expect(answer.headers['www-authenticate']).toMatch(challenge);
    expect(answer.headers['www-authenticate']).not.toContain(', Bearer');
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.headers['content-type']).toBe('application/json');
  });

  it('refuses whoever lacks the role, and ways around the path', async () => {
    const answer = await send('/orders/admin/1', tokenOf(driver));
    expect([answer.status, JSON.parse(answer.body)]).toEqual([403, { reason: 'ROLE_REQUIRED' }]);
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer error="insufficient_scope"/);
    for (const path of DISGUISES) expect([path, (await send(path, tokenOf(driver))).status]).toEqual([path, 403]);
    for (const path of ['/_verify/anybody', '/_verify/', '/elsewhere']) {
      expect([path, (await send(path, tokenOf(driver))).status]).toEqual([path, 404]);
    }
  });

  it.each([
    ['/orders/admin/42%2f..%2f..%2fcatalogue%2f', '/orders/catalogue/'],
    ['/orders/admin/../catalogue/1', '/orders/catalogue/1'],
    ['/orders//admin/..//catalogue/1?of=%2f..', '/orders/catalogue/1?of=%2f..'],
    ['/orders/catalogue/%3Fadmin%23%0d%0a%20%c3%a4', '/orders/catalogue/%3Fadmin%23%0D%0A%20%C3%A4'],
    ['/orders/catalogue/%252e%252e/admin/1', '/orders/catalogue/%252e%252e/admin/1'],
  ])('hands on the path that it has decided by: %s', async (path, decided) => {
    const answer = await send(path, {}, 'DELETE');
    expect([answer.status, answer.headers['x-was-asked']]).toEqual([200, decided]);
  });

  it('leads to the path with the slash, on the host and port that the client knows', async () => {
    const answer = await send('/orders/admin');
    expect([answer.status, answer.headers.location]).toEqual([301, '/orders/admin/']);
  });

  it('passes no upgrade on: a connection would outlive the logout', async () => {
    const answer = await send('/orders/1', { ...tokenOf(driver), connection: 'upgrade', upgrade: 'websocket' });
    expect([answer.status, answer.headers['x-was-connected']]).toEqual([200, 'kept']);
  });

  it('lets no query of a client open a route', async () => {
    for (const query of ['anonymous=allowed', 'required_roles=driver', 'x', '%26anonymous=allowed']) {
      expect([query, (await send(`/orders/1?${query}`)).status]).toEqual([query, 401]);
      expect([query, (await send(`/orders/admin/1?${query}`, tokenOf(driver))).status]).toEqual([query, 403]);
    }
  });

  it('refuses two tokens: one would be asked about, and the other perhaps used', async () => {
    const authorization = [driver, manager].map((holder) => tokenOf(holder).authorization);
    expect((await send('/orders/1', { authorization })).status).toBe(400);
  });

  it('asks about a request with many and large headers, too', async () => {
    const large = Object.fromEntries([1, 2, 3].map((n) => [`x-large-${n}`, 'x'.repeat(7_000)]));
    const answer = await send('/orders/admin/1', { ...large, ...tokenOf(driver) });
    expect([answer.status, JSON.parse(answer.body)]).toEqual([403, { reason: 'ROLE_REQUIRED' }]);
  });

  it('answers preflights of allowed pages itself, and lets these read every answer', async () => {
    const preflight = await send('/orders/1', preflightOf(PAGE), 'OPTIONS');
    expect([preflight.status, preflight.headers]).toMatchObject([
      204,
      {
        'access-control-allow-origin': PAGE,
        'access-control-allow-methods': expect.stringContaining('DELETE') as string,
        'access-control-allow-headers': expect.stringContaining('authorization') as string,
        vary: 'origin',
      },
    ]);
    const refusals = [
      ['/orders/1', {}, 401],
      ['/orders/admin/1', tokenOf(driver), 403],
      ['/orders/1', tokenOf(driver), 200],
    ] as const;
    for (const [path, headers, status] of refusals) {
      const answer = await send(path, { ...headers, origin: PAGE });
      expect([answer.status, answer.headers['access-control-allow-origin'], answer.headers.vary]).toEqual([
        status,
        PAGE,
        'origin',
      ]);
    }
    for (const origin of ['https://evil.example', `${PAGE}.evil.example`, `${PAGE}:8443`, 'null']) {
      const { status, headers } = await send('/orders/1', preflightOf(origin), 'OPTIONS');
      expect([origin, status, headers['access-control-allow-origin']]).toEqual([origin, 401, undefined]);
    }
    // Without the header of a preflight it is a request as others are.
    expect((await send('/orders/1', { origin: PAGE }, 'OPTIONS')).status).toBe(401);
    expect((await send('/_preflight')).status).toBe(404);
  });

  it('takes a cookie from its own pages only, when something may be caused', async () => {
    const cookie = { cookie: `__Host-access_token=${driver.tokens.accessToken}` };
    expect((await send('/orders/1', cookie)).status).toBe(200);
    const disguises = [
      {},
      { 'x-original-method': 'GET' },
      { 'x-forwarded-method': 'GET' },
      { origin: 'https://evil.example' },
    ];
    for (const disguise of disguises) {
      const answer = await send('/orders/1', { ...cookie, ...disguise }, 'POST');
      expect([answer.status, JSON.parse(answer.body)]).toEqual([403, { reason: 'ORIGIN_NOT_ALLOWED' }]);
    }
    const fromPage = await send('/orders/1', { ...cookie, origin: 'https://auth.example.com' }, 'POST');
    expect([fromPage.status, told(fromPage)['method']]).toEqual([200, 'POST']);
  });

  it('knows a logout at once', async () => {
    const user = await roleHolder(service, database, 'driver');
    expect((await send('/orders/1', tokenOf(user))).status).toBe(200);
    await service.auth.logout({}, user.as);
    expect(JSON.parse((await send('/orders/1', tokenOf(user))).body)).toEqual({ reason: 'TOKEN_REVOKED' });
  });

  it('answers 50 in parallel, each with its own person', async () => {
    const people = await Promise.all(Array.from({ length: 25 }, () => roleHolder(service, database, 'driver')));
    const calls = [...people, ...people];
    const answers = await Promise.all(calls.map((person) => send('/orders/1', { ...FORGERY, ...tokenOf(person) })));
    expect(answers.map(told)).toEqual(calls.map((person) => ({ ...identityOf(person, 'driver'), method: 'GET' })));
  });

  it('shows the gateway but not its question, and limits how often', async () => {
    const host = 'auth.example.com';
    const keys = await send('/.well-known/jwks.json', {}, 'GET', host);
    expect([keys.status, Object.keys(JSON.parse(keys.body) as object)]).toEqual([200, ['keys']]);
    // GATEWAY_URL is https.
    expect(keys.headers['strict-transport-security']).toBe('max-age=31536000');
    for (const path of [
      '/gateway/verify',
      '/gateway/verify/anonymous',
      '/gateway/verify/anonymous?x',
      '/gateway//verify',
      '/x/../gateway/%76erify',
    ]) {
      expect([path, (await send(path, tokenOf(driver), 'GET', host)).status]).toEqual([path, 404]);
    }
    const flood = await Promise.all(Array.from({ length: 200 }, () => send('/.well-known/jwks.json', {}, 'GET', host)));
    const statuses = new Set(flood.map(({ status }) => status));
    expect([...statuses].sort()).toEqual([200, 429]);
  });

  it('writes no query into its log: messages may be there', async () => {
    await send('/.well-known/openid-configuration?message=somebody', {}, 'GET', 'auth.example.com');
    await expect.poll(nginx.logged).toContain('"GET /.well-known/openid-configuration"');
    expect(nginx.logged()).not.toContain('somebody');
  });

  it('says 503, never 401, when nobody answers its question', async () => {
    const lonely = await startNginx(configureWith({ gateway: 9, orders: portOf(orders) }));
    const ask = createSend({ port: lonely.port, agent, isTls: false });
    const answer = await ask('/orders/1', { ...FORGERY, ...tokenOf(driver) });
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1']);
    await lonely.stop();
  });
});
