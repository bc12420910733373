import { createHash } from 'node:crypto';
import { Metadata, createChannel, createClient } from 'nice-grpc';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { AuthorizationDefinition } from '../../../src/gen/envoy/service/auth/v3/external_auth.ts';
import { ALLOWED_PAGE, checkedRequests, holders } from '../../support/checked-requests.ts';
import type { Holders } from '../../support/checked-requests.ts';
import { roleHolder } from '../../support/delegation.ts';
import { connectAsEnvoy, describeRequest, seenIn } from '../../support/envoy-check.ts';
import { bearer, register } from '../../support/people.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

type Envoy = Awaited<ReturnType<typeof connectAsEnvoy>>;

const CREDENTIAL = 'envoy:the secret of Envoy';
const CALLERS = JSON.stringify([
  {
    name: 'envoy',
    secretSha256: createHash('sha256').update('the secret of Envoy').digest('hex'),
    methods: ['envoy.service.auth.v3.Authorization/Check'],
  },
]);
const withToken = (accessToken: string, options = {}) => ({
  headers: { authorization: `Bearer ${accessToken}` },
  options,
});

let database: TestDatabase;
let service: TestService;
let another: TestService;
let envoy: Envoy;
let envoyOfAnother: Envoy;
let people: Holders;
beforeAll(async () => {
  database = await createTestDatabase();
  const settings = {
    DATABASE_URL: database.serviceUrl,
    REDIS_URL: inject('redisUrl'),
    LOCAL_CALLERS: 'off',
    ANONYMOUS_INTERFACES: 'customer',
    SERVICE_CALLERS: CALLERS,
    BROWSER_ORIGINS: ALLOWED_PAGE,
  };
  service = await startService(settings);
  another = await startService(settings);
  envoy = await connectAsEnvoy(service.address, CREDENTIAL);
  envoyOfAnother = await connectAsEnvoy(another.address, CREDENTIAL);
  people = await holders(service, database);
});
afterAll(async () => {
  envoy?.close();
  envoyOfAnother?.close();
  await service?.stop();
  await another?.stop();
  await database?.drop();
});

async function ask(asked: Parameters<typeof describeRequest>[0], of = envoy) {
  return seenIn(await of.check(describeRequest(asked)), asked);
}

describe("Envoy's Check", () => {
  it('lets through and refuses by the table, however Envoy writes the headers down', async () => {
    const cases = checkedRequests(people);
    expect(cases.length).toBeGreaterThan(60);
    for (const isRaw of [false, true]) {
      const seen = await Promise.all(
        cases.map(async ([name, asked]) => [
          name,
          asked,
          seenIn(await envoy.check(describeRequest(asked, isRaw)), asked),
        ]),
      );
      expect(seen).toEqual(cases);
    }
  });

  it('answers with the status of google.rpc, and tells nobody to keep a refusal', async () => {
    const { driver } = people;
    const options = { required_roles: 'manager' };
    const answers = await Promise.all(
      [
        {},
        withToken(driver.tokens.accessToken, options),
        { options: { nonsense: '' } },
        withToken(driver.tokens.accessToken),
      ].map((asked) => envoy.check(describeRequest(asked))),
    );
    // UNAUTHENTICATED, PERMISSION_DENIED, INTERNAL, OK.
    expect(answers.map(({ status }) => status.code ?? 0)).toEqual([16, 7, 13, 0]);
    const denied = answers.flatMap(({ deniedResponse }) => deniedResponse ?? []);
    for (const { headers = [] } of denied) {
      expect(headers.map(({ header }) => header)).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ key: 'content-type', value: 'application/json' }),
          expect.objectContaining({ key: 'cache-control', value: 'no-store' }),
        ]) as unknown,
      );
    }
    expect(denied).toHaveLength(3);
  });

  it('never removes what it sets: Envoy removes last', async () => {
    for (const { tokens } of [people.driver, people.roleless, people.manager]) {
      const { okResponse } = await envoy.check(describeRequest(withToken(tokens.accessToken)));
      const set = okResponse?.headers?.map(({ header }) => header.key) ?? [];
      const removed = okResponse?.headersToRemove ?? [];
      expect([...set, ...removed].sort()).toEqual(['x-auth-revision', 'x-session-id', 'x-user-id', 'x-user-roles']);
      expect(okResponse?.headers?.filter(({ header }) => header.value === '')).toEqual([]);
    }
  });

  it('takes two authorization headers for none that is good, where Envoy sends them as they came', async () => {
    const good = {
      key: 'Authorization',
      rawValue: Buffer.from(`Bearer ${people.driver.tokens.accessToken}`).toString('base64'),
    };
    const one = await envoy.check({ attributes: { request: { http: { headerMap: { headers: [good] } } } } });
    expect(one.status.code ?? 0).toBe(0);
    const two = await envoy.check({ attributes: { request: { http: { headerMap: { headers: [good, good] } } } } });
    expect(seenIn(two, {})).toMatchObject({ status: 401, reason: 'TOKEN_MALFORMED' });
  });

  it.each([
    ['an empty question', {}],
    ['no request', { attributes: {} }],
    ['no HTTP', { attributes: { request: {} } }],
  ])('refuses %s', async (_, question) => {
    expect(seenIn(await envoy.check(question), {})).toMatchObject({ status: 401, reason: 'TOKEN_MISSING' });
  });

  it('answers the generated client the same', async () => {
    const channel = createChannel(service.address);
    const client = createClient(AuthorizationDefinition, channel);
    const metadata = Metadata({ 'x-service-credential': CREDENTIAL });
    const headers = { authorization: `Bearer ${people.driver.tokens.accessToken}` };
    const { httpResponse } = await client.check({ attributes: { request: { http: { headers } } } }, { metadata });
    expect(httpResponse?.$case).toBe('okResponse');
    const refused = await client.check({}, { metadata });
    expect(refused.httpResponse).toMatchObject({ $case: 'deniedResponse', value: { status: { code: 401 } } });
    channel.close();
  });

  it('is for services that may call it, and Envoy may call nothing else', async () => {
    for (const credential of ['', 'envoy:guessed', 'nobody:x']) {
      const stranger = await connectAsEnvoy(service.address, credential);
      await expect(stranger.check({})).rejects.toMatchObject({ code: 16 });
      stranger.close();
    }
    const metadata = Metadata({ 'x-service-credential': CREDENTIAL });
    await expect(service.auth.validateToken({ accessToken: 'x' }, { metadata })).rejects.toThrow('PERMISSION_DENIED');
  });

  it('knows what another replica has taken away or given when that has answered, 20 times', async () => {
    const manager = await roleHolder(service, database, 'manager');
    for (let round = 0; round < 20; round += 1) {
      const user = await roleHolder(service, database, 'customer');
      const drivers = withToken(user.tokens.accessToken, { required_roles: 'driver' });
      expect(await ask(drivers, envoyOfAnother)).toMatchObject({ status: 403, reason: 'ROLE_REQUIRED' });
      await service.roles.grantRole({ userId: user.userId, role: 'driver' }, manager.as);
      const identity = { 'x-user-id': user.userId, 'x-session-id': user.sessionId, 'x-user-roles': 'customer,driver' };
      expect(await ask(drivers, envoyOfAnother)).toEqual({ status: 200, identity });
      await service.roles.revokeRole({ userId: user.userId, role: 'driver' }, manager.as);
      expect(await ask(drivers, envoyOfAnother)).toMatchObject({ status: 403, reason: 'ROLE_REQUIRED' });
      await service.auth.logout({}, user.as);
      expect(await ask(drivers, envoyOfAnother)).toMatchObject({ status: 401, reason: 'TOKEN_REVOKED' });
    }
  });

  it('answers 500 at once, each with its own person', async () => {
    const holding = await Promise.all(Array.from({ length: 10 }, () => roleHolder(service, database, 'driver')));
    const calls = Array.from({ length: 500 }, (_, call) => holding[call % holding.length]!);
    const seen = await Promise.all(calls.map(({ tokens }) => ask(withToken(tokens.accessToken))));
    expect(seen).toEqual(
      calls.map(({ userId, sessionId }) => ({
        status: 200,
        identity: { 'x-user-id': userId, 'x-session-id': sessionId, 'x-user-roles': 'driver' },
      })),
    );
  });

  it('logs a route that is misconfigured, a refused person not, and nothing of what was shown', async () => {
    service.logLines.length = 0;
    const secret = people.driver.tokens.accessToken;
    await ask({ ...withToken(secret), options: { [`secret-${secret}`]: secret } });
    await ask(withToken(`${secret}x`));
    await ask({ headers: { cookie: `__Host-access_token=${secret}x` } });
    expect(service.logLines).toEqual([
      expect.objectContaining({
        level: 50,
        method: '/envoy.service.auth.v3.Authorization/Check',
        service: 'envoy',
        reason: 'ROUTE_MISCONFIGURED',
        err: expect.objectContaining({ message: 'there is no such option' }) as unknown,
      }),
    ]);
    expect(JSON.stringify(service.logLines)).not.toContain(secret.slice(0, 40));
  });
});

describe("Envoy's Check, with PostgreSQL and Redis away for longer than the lease", () => {
  it('says 503 and when to come back, never 401, of every token; what is wrong by itself stays wrong', async () => {
    const own = await createTestDatabase();
    const url = new URL(own.serviceUrl);
    const redisUrl = new URL(inject('redisUrl'));
    const postgres = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
    const redis = await startTcpProxy({ host: redisUrl.hostname, port: Number(redisUrl.port) });
    url.port = String(postgres.port);
    redisUrl.port = String(redis.port);
    const lone = await startService({ DATABASE_URL: url.href, REDIS_URL: redisUrl.href, REVOCATION_LEASE: '500ms' });
    const proxy = await connectAsEnvoy(lone.address, '');
    const { tokens } = await register(lone);
    const { tokens: ended } = await register(lone);
    await lone.auth.logout({}, bearer(ended.accessToken));
    await Promise.all([postgres.cut(), redis.cut()]);

    const statuses = new Set<number>();
    const statusOf = async (accessToken: string) => {
      const { status } = await ask(withToken(accessToken), proxy);
      statuses.add(status);
      return status;
    };
    await expect.poll(() => statusOf(tokens.accessToken), { timeout: 10_000 }).toBe(503);
    // Within the lease it may have known.
    expect([...statuses].filter((status) => status !== 200)).toEqual([503]);
    const answers = await Promise.all(
      [tokens, ended, tokens, ended].map(({ accessToken }) => proxy.check(describeRequest(withToken(accessToken)))),
    );
    for (const answer of answers) {
      expect(answer.status.code).toBe(14);
      expect(seenIn(answer, {})).toEqual({ status: 503, reason: 'DEPENDENCY_UNAVAILABLE', challenge: undefined });
      const retry = answer.deniedResponse?.headers?.find(({ header }) => header.key === 'retry-after');
      expect(retry?.header.value).toBe('1');
    }
    expect(await ask(withToken('garbage'), proxy)).toMatchObject({ status: 401, reason: 'TOKEN_MALFORMED' });
    expect(await ask({ options: { anonymous: 'allowed' } }, proxy)).toEqual({ status: 200, identity: {} });

    await Promise.all([postgres.restore(), redis.restore()]);
    await expect.poll(() => statusOf(tokens.accessToken), { timeout: 15_000 }).toBe(200);
    expect(await statusOf(ended.accessToken)).toBe(401);
    proxy.close();
    await lone.stop();
    await Promise.all([postgres.stop(), redis.stop()]);
    await own.drop();
  });
});
