import { connect } from 'node:net';
import { createClient, Code, ConnectError } from '@connectrpc/connect';
import { createConnectTransport, createGrpcWebTransport } from '@connectrpc/connect-web';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { ListRolesRequest } from '../../src/gen/accounts/v1/accounts_service.ts';
import { AuthService } from '../../src/gen/web/auth/v1/auth_service_pb.js';
import { ErrorInfoSchema } from '../../src/gen/web/google/rpc/error_details_pb.js';
import { frame } from '../support/grpc-web-frames.ts';
import { PASSWORD, register } from '../support/people.ts';
import { refusalOf } from '../support/refusal.ts';
import { connectClients, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

const LOGIN = '/auth.v1.AuthService/Login';
const LIST_ROLES = '/accounts.v1.AccountsService/ListRoles';

let database: TestDatabase;
let service: TestService;
beforeAll(async () => {
  database = await createTestDatabase();
  service = await startService({
    DATABASE_URL: database.serviceUrl,
    REDIS_URL: inject('redisUrl'),
    GATEWAY_ADDRESS: '127.0.0.1:0',
    PUBLIC_CALLS_PER_MINUTE: '1000000',
  });
});
afterAll(async () => {
  await service?.stop();
  await database?.drop();
});

const post = (path: string, type: string, body: string | Buffer, headers: Record<string, string> = {}) =>
  fetch(service.gatewayUrl + path, { method: 'POST', headers: { 'content-type': type, ...headers }, body });
/** Holds the sessions for as long as the work takes, which can ask how many wait for them. */
async function whileHeld<T>(work: (waiters: () => Promise<number>) => Promise<T>): Promise<T> {
  const holder = new pg.Client({ connectionString: database.ownerUrl });
  await holder.connect();
  const waiters = async () =>
    (await database.query(`select 1 from pg_locks where not granted and relation = 'auth.sessions'::regclass`)).length;
  try {
    await holder.query('begin; lock table auth.sessions in access exclusive mode');
    return await work(waiters);
  } finally {
    await holder.end();
  }
}
const linesOf = (method: string) => service.logLines.filter((line) => line['method'] === method);

describe('An answer', () => {
  const list = Buffer.from(ListRolesRequest.encode({ interface: 'customer' }).finish());

  it.each([
    ['application/json', '{"interface":"customer"}'],
    ['application/proto', list],
    ['application/grpc-web', frame(list)],
    ['application/grpc-web+proto', frame(list)],
    ['application/grpc-web+json', frame(Buffer.from('{"interface":"customer"}'))],
    ['application/grpc-web-text', frame(list).toString('base64')],
    ['application/grpc-web-text+proto', frame(list).toString('base64')],
  ])('as %s is not stored by anybody, and not guessed at', async (type, body) => {
    const response = await post(LIST_ROLES, type, body);
    const text = await response.text();
    const shown = type.includes('text')
      ? text.replace(/[^=]+=*/g, (part) => Buffer.from(part, 'base64').toString())
      : text;
    expect(shown).toContain('customer');
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'cache-control': 'no-store',
      'content-type': expect.stringContaining(type.replace(/web$/, 'web+proto').replace(/text$/, 'text+proto')),
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
  });

  it('to a GET is that to a POST, in JSON and in binary', async () => {
    const base = `${service.gatewayUrl}${LIST_ROLES}?connect=v1`;
    const json = await fetch(`${base}&encoding=json&message=${encodeURIComponent('{"interface":"customer"}')}`);
    const binary = await fetch(`${base}&encoding=proto&base64=1&message=${list.toString('base64url')}`);
    expect([json.status, binary.status]).toEqual([200, 200]);
    expect([json.headers.get('cache-control'), binary.headers.get('cache-control')]).toEqual(['no-store', 'no-store']);
    expect(await json.json()).toEqual(
      await (await post(LIST_ROLES, 'application/json', '{"interface":"customer"}')).json(),
    );
    expect(await binary.text()).toContain('customer');
  });

  it('is there for 200 calls at once on one connection after another', async () => {
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => post(LIST_ROLES, 'application/json', '{"interface":"customer"}')),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  });

  it('says when to come again as all of HTTP understands it', async () => {
    const limited = await startService({
      DATABASE_URL: database.serviceUrl,
      GATEWAY_ADDRESS: '127.0.0.1:0',
      PUBLIC_CALLS_PER_MINUTE: '1',
    });
    const call = () =>
      fetch(limited.gatewayUrl + LIST_ROLES, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{}',
      });
    await call();
    const response = await call();
    expect(response.status).toBe(429);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(30);
    expect(Number(response.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    expect(await response.json()).toMatchObject({ code: 'resource_exhausted' });
    await limited.stop();
  });
});

describe('Metadata', () => {
  it('of the caller reach the log, where they look like an id', async () => {
    await post(LOGIN, 'application/json', '{"login":"a","password":"b"}', { 'x-request-id': 'request-of-a-browser' });
    await post(LOGIN, 'application/json', '{"login":"a","password":"b"}', { 'x-request-id': 'bad id\t' });
    const ids = linesOf(LOGIN).map(({ requestId }) => requestId);
    expect(ids).toContain('request-of-a-browser');
    expect(ids).not.toContain('bad id');
  });
});

describe.each(['Connect', 'gRPC-web'] as const)('A call by %s', (protocol) => {
  const client = ({ gatewayUrl } = service) => {
    const create = protocol === 'Connect' ? createConnectTransport : createGrpcWebTransport;
    return createClient(AuthService, create({ baseUrl: gatewayUrl }));
  };
  const codeOf = (call: Promise<unknown>) =>
    call.then(
      () => null,
      (error: unknown) => ConnectError.from(error).code,
    );

  it('that takes longer than its deadline ends with it, and so does its work', async () => {
    const { tokens } = await register(service);
    const before = linesOf('/auth.v1.AuthService/Refresh').length;
    await whileHeld(async () => {
      const call = client().refresh({ refreshToken: tokens.refreshToken }, { timeoutMs: 200 });
      expect(await codeOf(call)).toBe(Code.DeadlineExceeded);
    });
    await expect.poll(() => linesOf('/auth.v1.AuthService/Refresh').length).toBe(before + 1);
  });

  it('that its caller gives up is CANCELLED for the service', async () => {
    const waiting = await startService({
      DATABASE_URL: database.serviceUrl,
      GATEWAY_ADDRESS: '127.0.0.1:0',
      BCRYPT_COST: '13',
      HASH_CONCURRENCY: '1',
    });
    const auth = client(waiting);
    const leaving = new AbortController();
    const counted = async () => (await database.query(`select 1 from auth.login_attempts where failures > 0`)).length;
    const before = await counted();
    // Hashed one after the other.
    const first = codeOf(auth.login({ login: `first-${protocol}`, password: PASSWORD }));
    await expect.poll(counted, { timeout: 10_000, interval: 5 }).toBe(before + 1);
    const second = codeOf(auth.login({ login: `second-${protocol}`, password: PASSWORD }, { signal: leaving.signal }));
    await expect.poll(counted, { timeout: 10_000, interval: 5 }).toBe(before + 2);
    leaving.abort();
    expect(await second).toBe(Code.Canceled);
    // The one that waited gives its attempt back, which is what the signal of the handler is for.
    await expect.poll(counted, { timeout: 10_000, interval: 5 }).toBe(before + 1);
    expect(await first).toBe(Code.Unauthenticated);
    await expect.poll(() => waiting.logLines.filter(({ status }) => status === 'CANCELLED').length).toBe(1);
    await waiting.stop();
  });

  it('that is under way at a stop is answered, and new ones are not taken', async () => {
    const stopping = await startService({
      DATABASE_URL: database.serviceUrl,
      GATEWAY_ADDRESS: '127.0.0.1:0',
      SHUTDOWN_GRACE: '60s',
    });
    const { tokens } = await register(service);
    const auth = client(stopping);
    const other = connectClients(stopping.address);
    let stopped: Promise<void> | undefined;
    const answer = await whileHeld(async (waiters) => {
      const call = auth.refresh({ refreshToken: tokens.refreshToken });
      await expect.poll(waiters, { timeout: 10_000, interval: 5 }).toBe(1);
      stopped = stopping.stop();
      await expect.poll(() => codeOf(auth.refresh({ refreshToken: '' }))).toBe(Code.Unknown);
      // The other door closes with this one, not after it: the grace is one for both.
      await expect(other.keys.getJwks({})).rejects.toThrow(/UNAVAILABLE/);
      return { call };
    });
    expect(await answer.call).toHaveProperty('tokens.accessToken');
    // Long before the grace is over, though the browser would keep its connection.
    await stopped;
    other.close();
  });
});

describe('The calls that may be under way', () => {
  it('are those of both listeners together', async () => {
    const small = await startService({
      DATABASE_URL: database.serviceUrl,
      GATEWAY_ADDRESS: '127.0.0.1:0',
      MAX_CALLS_IN_FLIGHT: '2',
    });
    const { tokens: first } = await register(small);
    const { tokens: second } = await register(small);
    const web = createClient(AuthService, createGrpcWebTransport({ baseUrl: small.gatewayUrl }));
    const waiting = await whileHeld(async (waiters) => {
      const calls = [
        small.auth.refresh({ refreshToken: first.refreshToken }),
        web.refresh({ refreshToken: second.refreshToken }),
      ];
      await expect.poll(waiters, { timeout: 10_000, interval: 5 }).toBe(2);
      expect(await refusalOf(small.keys.getJwks({}))).toMatchObject({ reason: 'OVERLOADED' });
      const refused = await web.refresh({ refreshToken: '' }).catch((error: unknown) => ConnectError.from(error));
      expect((refused as ConnectError).findDetails(ErrorInfoSchema)).toMatchObject([{ reason: 'OVERLOADED' }]);
      return { calls };
    });
    expect(await Promise.all(waiting.calls)).toHaveLength(2);
    await small.stop();
  });
});

describe('The listener survives', () => {
  /** All that comes back to bytes on a connection. */
  const exchange = (text: string) =>
    new Promise<string>((resolve) => {
      let answer = '';
      const socket = connect(Number(new URL(service.gatewayUrl).port), '127.0.0.1', () => socket.write(text));
      socket.on('data', (data) => (answer += data.toString('latin1')));
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(answer));
    });
  const call = `POST ${LOGIN} HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n`;

  it.each([
    ['a host that is none', `${call}host: [\r\n\r\n{}`, 400],
    ['a host with a path', `${call}host: a b\\c\r\n\r\n{}`, 400],
    ['an empty host', `${call}host:\r\n\r\n{}`, 400],
    ['no host', `${call}\r\n{}`, 400],
    ['HTTP/1.0 without a host', `POST ${LOGIN} HTTP/1.0\r\ncontent-length: 2\r\n\r\n{}`, 400],
    ['a path that cannot be decoded', 'GET /%ff%zz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n', 404],
    ['a path out of the page', 'GET /../../../etc/passwd HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n', 404],
    [
      'an encoded path out of the page',
      'GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n',
      404,
    ],
    ['a URL for a path', 'GET http://evil.test/ HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n', 404],
    ['two lengths', `${call}host: a\r\ncontent-length: 3\r\n\r\n{}`, 400],
    ['a length and chunks', `${call}host: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
    ['no HTTP', 'HELO gateway\r\n\r\n', 400],
    ['gRPC', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['headers of 20 kB', `${call}host: a\r\nx: ${'a'.repeat(20_000)}\r\n\r\n{}`, 431],
    ['CONNECT', 'CONNECT evil.test:443 HTTP/1.1\r\nhost: a\r\n\r\n', null],
    ['an upgrade', `${call}host: a\r\nupgrade: websocket\r\n\r\n{}`, 400],
  ])('%s', async (_, text, status) => {
    const answer = await exchange(text);
    expect(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? null).toBe(status === null ? null : String(status));
    expect((await post(LIST_ROLES, 'application/json', '{"interface":"customer"}')).status).toBe(200);
    expect(service.logLines.filter(({ level }) => Number(level) >= 50)).toEqual([]);
  });
});
