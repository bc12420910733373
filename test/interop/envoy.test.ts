import { createHash } from 'node:crypto';
import { connect as connectHttp2 } from 'node:http2';
import { Agent } from 'node:https';
import type { Server } from 'node:http';
import type { LookupFunction } from 'node:net';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createConnectTransport, createGrpcWebTransport } from '@connectrpc/connect-node';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { findFreePort } from '../../src/embedded/free-port.ts';
import { AuthService } from '../../src/gen/web/auth/v1/auth_service_pb.js';
import { SessionsService } from '../../src/gen/web/auth/v1/sessions_service_pb.js';
import { ErrorInfoSchema } from '../../src/gen/web/google/rpc/error_details_pb.js';
import {
  DISGUISES,
  FORGED,
  PAGE,
  createSend,
  identityOf as identityAt,
  portOf,
  preflightOf,
  startOrders,
  told,
  tokenOf,
} from '../support/behind-proxy.ts';
import type { Caller, Send } from '../support/behind-proxy.ts';
import { roleHolder } from '../support/delegation.ts';
import { newPerson } from '../support/people.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { startEnvoy } from './envoy.ts';
import type { Envoy } from './envoy.ts';

const SECRET = 'a secret of the edge alone';
const CHECK = 'envoy.service.auth.v3.Authorization/Check';
/** Envoy writes its log every ten seconds. */
const FLUSHED_MS = 20_000;
/** The gateway's host; pages of it are allowed to use the cookie. */
const GATEWAY = 'auth.example.com';

const toThisMachine: LookupFunction = (_host, { all }, answer) => {
  if (all === true) answer(null, [{ address: '127.0.0.1', family: 4 }]);
  else answer(null, '127.0.0.1', 4);
};

describe('Envoy with the sample', () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 50, rejectUnauthorized: false });
  let database: TestDatabase;
  let service: TestService;
  let orders: Server;
  let envoy: Envoy;
  let send: Send;
  let driver: Caller;
  let manager: Caller;

  const settings = () => ({
    DATABASE_URL: database.serviceUrl,
    REDIS_URL: inject('redisUrl'),
    GATEWAY_ADDRESS: '127.0.0.1:0',
    GATEWAY_URL: `https://${GATEWAY}`,
    TRUSTED_PROXIES: '127.0.0.1',
    SERVICE_CALLERS: JSON.stringify([
      { name: 'envoy', secretSha256: createHash('sha256').update(SECRET).digest('hex'), methods: [CHECK] },
    ]),
    LOCAL_CALLERS: 'off',
  });
  const doorsOf = ({ gatewayUrl, port }: TestService) => ({ gateway: Number(new URL(gatewayUrl).port), grpc: port });
  const behind = () => ({ replicas: [doorsOf(service)], orders: portOf(orders) });
  // To Envoy a caller from this machine has the machine's address, and not the one of the loopback.
  const HERE = expect.stringMatching(/^(\d+\.){3}\d+$/) as string;
  const identityOf = (caller: Caller, roles: string) => identityAt(caller, roles, HERE);
  const sendTo = ({ port }: Envoy, from?: string) => createSend({ port, agent, isTls: true, ...(from && { from }) });

  beforeAll(async () => {
    database = await createTestDatabase();
    service = await startService(settings());
    orders = await startOrders();
    envoy = await startEnvoy(inject('envoy'), behind(), `envoy:${SECRET}`);
    send = sendTo(envoy);
    driver = await roleHolder(service, database, 'driver');
    manager = await roleHolder(service, database, 'manager', 'customer');
  });
  afterAll(async () => {
    agent.destroy();
    await envoy?.stop();
    orders?.close();
    await service?.stop();
    await database?.drop();
  });

  it('tells the service who calls, and nothing that a client has forged', async () => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const answer = await send('/orders/1', { ...FORGED, ...tokenOf(driver) }, method);
      expect([answer.status, told(answer)]).toEqual([200, { ...identityOf(driver, 'driver'), method }]);
    }
    const answer = await send('/orders/admin/1', { ...FORGED, ...tokenOf(manager) });
    expect(told(answer)).toEqual({ ...identityOf(manager, 'customer,manager'), method: 'GET' });
    // The last entry is Envoy's own: the one that the service behind may believe.
    const through = await send('/orders/1', { ...tokenOf(driver), 'x-forwarded-for': '203.0.113.7' });
    expect(told(through)['x-forwarded-for']).toMatch(/^203\.0\.113\.7,(\d+\.){3}\d+$/);
  });

  it('takes nobody for one of its own: who says x-envoy-... or another host changes nothing', async () => {
    const headers = {
      ...tokenOf(driver),
      ...{ 'x-envoy-original-path': '/forged', 'x-envoy-internal': 'true', 'x-forwarded-host': 'forged.example.com' },
      ...{ 'x-envoy-upstream-rq-timeout-ms': '1', 'x-envoy-upstream-alt-stat-name': 'forged' },
    };
    for (const from of ['127.0.0.1', '127.1.2.3']) {
      const answer = await sendTo(envoy, from)('/orders/1', headers);
      expect([answer.status, told(answer)]).toEqual([200, { ...identityOf(driver, 'driver'), method: 'GET' }]);
    }
  });

  it('refuses a header that some servers take for another', async () => {
    for (const name of ['x_user_id', 'X_User_Roles', 'x-user_id']) {
      expect((await send('/orders/catalogue/1', { [name]: 'forged' })).status).toBe(400);
    }
  });

  it('removes what is forged twice, or said to be of the connection', async () => {
    const twice = { 'x-user-id': ['forged', 'forged again'], connection: 'x-user-id', ...tokenOf(driver) };
    expect(told(await send('/orders/1', twice))).toEqual({ ...identityOf(driver, 'driver'), method: 'GET' });
    const stranger = await send('/orders/catalogue/1', { 'X-USER-ROLES': ['superadmin', 'manager'] });
    expect(told(stranger)).toEqual({ 'x-forwarded-for': HERE, method: 'GET' });
  });

  it('lets strangers pass where the route says so, as nobody, whatever they have forged', async () => {
    const answer = await send('/orders/catalogue/1', FORGED);
    expect([answer.status, told(answer)]).toEqual([200, { 'x-forwarded-for': HERE, method: 'GET' }]);
    const known = await send('/orders/catalogue/1', { ...FORGED, ...tokenOf(driver) });
    expect(told(known)).toEqual({ ...identityOf(driver, 'driver'), method: 'GET' });
  });

  it('tells of somebody without roles that he has none', async () => {
    const roleless = await roleHolder(service, database);
    const answer = await send('/orders/1', { ...FORGED, ...tokenOf(roleless) });
    expect(told(answer)).toEqual({ ...identityOf(roleless, ''), method: 'GET' });
  });

  it.each([
    ['no token', '/orders/1', {}, 'TOKEN_MISSING', 'Bearer'],
    ['forged headers alone', '/orders/1', FORGED, 'TOKEN_MISSING', 'Bearer'],
    ['garbage', '/orders/1', { authorization: 'Bearer x' }, 'TOKEN_MALFORMED', /^Bearer error="invalid_token"/],
    [
      'garbage on an anonymous route',
      '/orders/catalogue/1',
      { authorization: 'Bearer x' },
      'TOKEN_MALFORMED',
      /^Bearer error="invalid_token"/,
    ],
  ])('answers %s with the reason and one challenge', async (_, path, headers, reason, challenge) => {
    const answer = await send(path, headers as Record<string, string>);
    expect([answer.status, JSON.parse(answer.body)]).toMatchObject([401, { reason }]);
    expect(answer.headers['www-authenticate']).toMatch(challenge);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.headers['content-type']).toBe('application/json');
  });

  it('refuses two tokens: one would be asked about, and the other perhaps used', async () => {
    const authorization = [driver, manager].map((holder) => tokenOf(holder).authorization);
    const answer = await send('/orders/admin/1', { authorization });
    expect([answer.status, JSON.parse(answer.body)]).toMatchObject([401, { reason: 'TOKEN_MALFORMED' }]);
  });

  it('refuses whoever lacks the role, and ways around the path', async () => {
    for (const path of ['/orders/admin/1', '/orders/admin', '/orders/admin/', '/orders/admin?x']) {
      const answer = await send(path, tokenOf(driver));
      expect([path, answer.status, JSON.parse(answer.body)]).toMatchObject([path, 403, { reason: 'ROLE_REQUIRED' }]);
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer error="insufficient_scope"/);
    }
    for (const path of [...DISGUISES, '/orders/admin%2f1', '/orders%2Fadmin/1', '/orders\\admin\\1']) {
      const { status, headers } = await send(path, tokenOf(driver));
      // 400 for what Envoy does not decode, 404 for what is no route; the service behind has not been asked.
      expect([path, [400, 403, 404].includes(status), headers['x-was-asked']]).toEqual([path, true, undefined]);
    }
    for (const path of ['/elsewhere', '/ordersadmin', '/orders-admin/1']) {
      expect([path, (await send(path, tokenOf(driver))).status]).toEqual([path, 404]);
    }
    expect((await send('/orders/1', tokenOf(driver), 'GET', 'unknown.example.com')).status).toBe(404);
  });

  it.each([
    ['/orders/admin/../catalogue/1', '/orders/catalogue/1'],
    ['/orders//admin/..//catalogue/1?of=%2f..', '/orders/catalogue/1?of=%2f..'],
    ['/orders/catalogue/%3Fadmin%23%20%c3%a4', '/orders/catalogue/%3Fadmin%23%20%c3%a4'],
    ['/orders/catalogue/%252e%252e/admin/1', '/orders/catalogue/%252e%252e/admin/1'],
    ['/orders/%63atalogu%65/%7E%41%7a%30', '/orders/catalogue/~Az0'],
  ])('hands on the path that it has decided by: %s', async (path, decided) => {
    const answer = await send(path, {}, 'DELETE');
    expect([answer.status, answer.headers['x-was-asked']]).toEqual([200, decided]);
  });

  it('reads every letter in disguise before it decides', async () => {
    const letters = '-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~';
    for (const letter of letters) {
      const code = `%${letter.charCodeAt(0).toString(16)}`;
      for (const encoded of [code, code.toUpperCase()]) {
        const { status, headers } = await send(`/orders/catalogue/x${encoded}x`);
        expect([encoded, status, headers['x-was-asked']]).toEqual([encoded, 200, `/orders/catalogue/x${letter}x`]);
      }
    }
    for (const path of ['/orders/%61dmin', '/orders/a%64min/1', '/orders/ad%6D%69n/1', '/%6frders/admi%6E/1']) {
      expect([path, (await send(path, tokenOf(driver))).status]).toEqual([path, 403]);
    }
  });

  it('lets no query of a client open a route', async () => {
    for (const query of ['anonymous=allowed', 'required_roles=driver', 'x', '%26anonymous=allowed']) {
      expect([query, (await send(`/orders/1?${query}`)).status]).toEqual([query, 401]);
    }
    expect((await send('/orders/admin/1?required_roles=driver', tokenOf(driver))).status).toBe(403);
  });

  it('passes no upgrade on: a connection would outlive the logout', async () => {
    const answer = await send('/orders/1', { ...tokenOf(driver), connection: 'upgrade', upgrade: 'websocket' });
    expect(answer.headers['x-was-connected'] ?? 'not asked').toBe('not asked');
  });

  it('asks about a request with many and large headers, too', async () => {
    const large = Object.fromEntries([1, 2].map((n) => [`x-large-${n}`, 'x'.repeat(7_000)]));
    expect((await send('/orders/admin/1', { ...large, ...tokenOf(driver) })).status).toBe(403);
    expect((await send('/orders/admin/1', { ...large, ...tokenOf(manager) })).status).toBe(200);
  });

  it('answers preflights of allowed pages itself, and lets these read every answer', async () => {
    const preflight = await send('/orders/1', preflightOf(PAGE), 'OPTIONS');
    expect([preflight.status, preflight.headers]).toMatchObject([
      200,
      {
        'access-control-allow-origin': PAGE,
        'access-control-allow-methods': expect.stringContaining('DELETE') as string,
        'access-control-allow-headers': expect.stringContaining('authorization') as string,
      },
    ]);
    const answers = [
      ['/orders/1', {}, 401],
      ['/orders/admin/1', tokenOf(driver), 403],
      ['/orders/1', tokenOf(driver), 200],
    ] as const;
    for (const [path, headers, status] of answers) {
      const answer = await send(path, { ...headers, origin: PAGE });
      expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([status, PAGE]);
      expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
    }
    expect((await send('/orders/1', tokenOf(driver))).headers).toMatchObject({
      vary: expect.stringContaining('origin') as string,
      'strict-transport-security': 'max-age=31536000',
    });
    for (const origin of ['https://evil.example', `${PAGE}.evil.example`, `${PAGE}:8443`, 'null']) {
      const { status, headers } = await send('/orders/1', preflightOf(origin), 'OPTIONS');
      expect([origin, status, headers['access-control-allow-origin']]).toEqual([origin, 401, undefined]);
    }
    // Without the header of a preflight it is a request as others are.
    expect((await send('/orders/1', { origin: PAGE }, 'OPTIONS')).status).toBe(401);
  });

  it('takes a cookie from its own pages only, when something may be caused', async () => {
    const cookie = { cookie: `__Host-access_token=${driver.tokens.accessToken}` };
    expect((await send('/orders/1', cookie)).status).toBe(200);
    const disguises = [
      {},
      { 'x-original-method': 'GET' },
      { 'x-http-method-override': 'GET' },
      { origin: 'https://evil.example' },
    ];
    for (const disguise of disguises) {
      const answer = await send('/orders/1', { ...cookie, ...disguise }, 'POST');
      expect([answer.status, JSON.parse(answer.body)]).toMatchObject([403, { reason: 'ORIGIN_NOT_ALLOWED' }]);
    }
    const fromPage = await send('/orders/1', { ...cookie, origin: `https://${GATEWAY}` }, 'POST');
    expect([fromPage.status, told(fromPage)['method']]).toEqual([200, 'POST']);
  });

  it('knows a logout at once', async () => {
    const user = await roleHolder(service, database, 'driver');
    expect((await send('/orders/1', tokenOf(user))).status).toBe(200);
    await service.auth.logout({}, user.as);
    expect(JSON.parse((await send('/orders/1', tokenOf(user))).body)).toMatchObject({ reason: 'TOKEN_REVOKED' });
  });

  it('answers 100 in parallel, each with its own person', async () => {
    const people = await Promise.all(Array.from({ length: 25 }, () => roleHolder(service, database, 'driver')));
    const calls = Array.from({ length: 4 }, () => people).flat();
    const answers = await Promise.all(calls.map((person) => send('/orders/1', { ...FORGED, ...tokenOf(person) })));
    expect(answers.map(told)).toEqual(calls.map((person) => ({ ...identityOf(person, 'driver'), method: 'GET' })));
  });

  it.each(['1.1', '2'] as const)('shows the gateway in all its protocols over HTTP/%s', async (httpVersion) => {
    const options = {
      httpVersion,
      baseUrl: `https://${GATEWAY}:${envoy.port}`,
      nodeOptions: { rejectUnauthorized: false, lookup: toThisMachine },
    };
    for (const transport of [createGrpcWebTransport(options), createConnectTransport(options)]) {
      const auth = createClient(AuthService, transport);
      const { secondLogin, phone, password } = newPerson();
      const { tokens } = await auth.register({ secondLogin, phone, password, interface: 'customer' });
      const headers = { authorization: `Bearer ${tokens?.accessToken ?? ''}` };
      const { sessions } = await createClient(SessionsService, transport).listSessions({}, { headers });
      expect(sessions).toHaveLength(1);

      const refused = auth.login({ login: secondLogin, password: 'wrong one' });
      const error = ConnectError.from(await refused.catch((thrown: unknown) => thrown));
      expect(error.code).toBe(Code.Unauthenticated);
      expect(error.findDetails(ErrorInfoSchema).map(({ reason }) => reason)).toEqual(['CREDENTIALS_INVALID']);
    }
  });

  it('shows of the gateway what is for browsers, and not the question of proxies', async () => {
    for (const path of [
      '/gateway/health',
      '/gateway/verify',
      '/gateway/verify/anonymous',
      '/gateway//verify',
      '/x/../gateway/verify?x',
    ]) {
      expect([path, (await send(path, tokenOf(driver), 'GET', GATEWAY)).status]).toEqual([path, 404]);
    }
    expect((await send('/gateway/%76erify', tokenOf(driver), 'GET', GATEWAY)).headers['x-user-id']).toBeUndefined();
    const page = await send('/', {}, 'GET', GATEWAY);
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html;charset=utf-8']);
    for (const rpc of ['/auth.v1.AuthService/ValidateToken', '/accounts.v1.UsersAdminService/ListUsers']) {
      expect([rpc, (await send(rpc, tokenOf(driver), 'POST', GATEWAY)).status]).toEqual([rpc, 404]);
    }
  });

  it('tells gRPC clients of the service behind a status of gRPC', async () => {
    const connection = connectHttp2(`https://127.0.0.1:${envoy.port}`, { rejectUnauthorized: false });
    const statusOf = (path: string, headers: Record<string, string>) =>
      new Promise<unknown[]>((resolve, reject) => {
        const call = connection.request({
          ...{ ':method': 'POST', ':path': path, ':authority': 'api.example.com' },
          ...{ 'content-type': 'application/grpc', te: 'trailers', ...headers },
        });
        call.on('response', (response) => {
          const message = decodeURIComponent(String(response['grpc-message'] ?? ''));
          resolve([response[':status'], response['grpc-status'], (JSON.parse(message) as { reason: string }).reason]);
        });
        call.on('error', reject).resume().end();
      });
    try {
      expect(await statusOf('/orders/Orders/Get', {})).toEqual([200, '16', 'TOKEN_MISSING']);
      expect(await statusOf('/orders/admin/Get', tokenOf(driver))).toEqual([200, '7', 'ROLE_REQUIRED']);
    } finally {
      connection.close();
    }
  });

  it('limits how often strangers ask', async () => {
    const seen = new Set<number>();
    // Envoy lets 200 through, and 100 more with every second that this takes.
    for (let calls = 0; calls < 10_000 && !seen.has(429); calls += 200) {
      const flood = await Promise.all(Array.from({ length: 200 }, () => send('/orders/catalogue/1')));
      for (const { status } of flood) seen.add(status);
    }
    expect([...seen].sort()).toEqual([200, 429]);
  });

  it('limits each address by itself: one that floods is in nobody else’s way', async () => {
    const flooder = sendTo(envoy, '127.0.0.66');
    const seen: number[] = [];
    for (let calls = 0; calls < 5_000 && !seen.includes(429); calls += 200) {
      const flood = Array.from({ length: 200 }, () => flooder('/.well-known/jwks.json', {}, 'GET', GATEWAY));
      seen.push(...(await Promise.all(flood)).map(({ status }) => status));
    }
    expect(new Set(seen)).toEqual(new Set([200, 429]));
    const others = Array.from({ length: 20 }, (_, index) => sendTo(envoy, `127.0.0.${index + 100}`));
    const answers = await Promise.all(others.map((other) => other('/.well-known/jwks.json', {}, 'GET', GATEWAY)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  });

  it('refuses nobody while one of two replicas stops, under 100 calls a second', async () => {
    const second = await startService({ ...settings(), SHUTDOWN_DELAY: '4s' });
    const replicas = [doorsOf(service), doorsOf(second)];
    const proxy = await startEnvoy(inject('envoy'), { ...behind(), replicas }, `envoy:${SECRET}`);
    try {
      // Envoy's limit for one address is lower than this.
      const clients = Array.from({ length: 10 }, (_, index) => sendTo(proxy, `127.0.1.${index + 1}`));
      const calls: Promise<number>[] = [];
      const ask = (index: number) => {
        const client = clients[index % clients.length]!;
        const json = { 'content-type': 'application/json' };
        switch (index % 3) {
          case 0:
            return client('/orders/1', tokenOf(driver));
          case 1:
            return client('/.well-known/jwks.json', {}, 'GET', GATEWAY);
          default:
            // The body is not JSON, which the service says.
            return client('/auth.v1.AuthService/Refresh', json, 'POST', GATEWAY);
        }
      };
      const timer = setInterval(() => calls.push(ask(calls.length).then(({ status }) => status)), 10);
      await sleep(1_000);
      await second.stop();
      await sleep(2_000);
      clearInterval(timer);
      const counts = Object.groupBy(await Promise.all(calls), String);
      expect(Object.keys(counts).sort()).toEqual(['200', '400']);
      expect(calls.length).toBeGreaterThan(400);
    } finally {
      await proxy.stop();
    }
  });

  it('writes no query and no token into its log', async () => {
    await send('/.well-known/openid-configuration?message=somebody', tokenOf(driver), 'GET', GATEWAY);
    await expect.poll(envoy.logged, { timeout: FLUSHED_MS }).toContain('"/.well-known/openid-configuration"');
    const log = envoy.logged();
    for (const secret of ['somebody', driver.tokens.accessToken, SECRET]) expect(log).not.toContain(secret);
  });

  it('says 503, never 401, to everybody as long as it may not ask', async () => {
    const unknown = await startEnvoy(inject('envoy'), behind(), 'envoy:another secret');
    try {
      const answer = await sendTo(unknown)('/orders/1', { ...FORGED, ...tokenOf(driver) });
      expect([answer.status, answer.headers['x-was-asked']]).toEqual([503, undefined]);
    } finally {
      await unknown.stop();
    }
  });

  it('says 503, never 401, while nobody answers its question, and goes on by itself after that', async () => {
    const grpc = await findFreePort();
    const doors = { ...doorsOf(service), grpc };
    const lonely = await startEnvoy(inject('envoy'), { ...behind(), replicas: [doors] }, `envoy:${SECRET}`);
    const ask = () => sendTo(lonely)('/orders/1', { ...FORGED, ...tokenOf(driver) });
    const before = await ask();
    expect([before.status, before.headers['x-was-asked']]).toEqual([503, undefined]);
    const late = await startService({ ...settings(), LISTEN_ADDRESS: `127.0.0.1:${grpc}` });
    try {
      await expect.poll(async () => (await ask()).status, { timeout: 20_000 }).toBe(200);
    } finally {
      await Promise.all([lonely.stop(), late.stop()]);
    }
  });
});
