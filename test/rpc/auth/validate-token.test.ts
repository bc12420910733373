import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { ErrorReason } from '../../../src/gen/auth/v1/error_reason.ts';
import { bearer, register } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { decodeUnverified, signJws, signingKeyOf } from '../../support/signing.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import type { TcpProxy } from '../../support/tcp-proxy.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { problemOf } from '../../support/validation.ts';

describe('ValidateToken', () => {
  let database: TestDatabase;
  let service: TestService;

  beforeAll(async () => {
    database = await createTestDatabase();
    service = await startService({ DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl') });
  });
  afterAll(async () => {
    await service?.stop();
    await database?.drop();
  });

  it('says whom a live token speaks for', async () => {
    const { userId, tokens } = await register(service);
    const { result } = await service.auth.validateToken({ accessToken: tokens.accessToken });
    const { payload } = decodeUnverified(tokens.accessToken);
    const value = {
      userId,
      sessionId: tokens.sessionId,
      roles: ['customer'],
      tokenId: payload['jti'],
      issueTime: new Date(Number(payload['iat']) * 1000),
      expireTime: tokens.accessTokenExpireTime,
    };
    expect(result).toEqual({ $case: 'principal', value });
  });

  it('says why a token is not accepted, and nothing else', async () => {
    const { tokens } = await register(service);
    await service.auth.logout({}, bearer(tokens.accessToken));
    const { result } = await service.auth.validateToken({ accessToken: tokens.accessToken });
    const value = { reason: ErrorReason.TOKEN_REVOKED, message: 'The access token has been revoked.' };
    expect(result).toEqual({ $case: 'problem', value });
  });

  it('grants 5 seconds after the expiry, and no more', async () => {
    const { tokens } = await register(service);
    const key = await signingKeyOf(database);
    const { header, payload } = decodeUnverified(tokens.accessToken);
    const now = Math.floor(Date.now() / 1000);
    const expiredFor = (seconds: number) => signJws(key, header, { ...payload, iat: now - 60, exp: now - seconds });
    expect(await problemOf(service, expiredFor(2))).toBeNull();
    expect(await problemOf(service, expiredFor(6))).toBe('TOKEN_EXPIRED');

    // One that was found good and is remembered grows old as well.
    const aging = expiredFor(3);
    expect(await problemOf(service, aging)).toBeNull();
    await expect.poll(() => problemOf(service, aging), { timeout: 10_000, interval: 200 }).toBe('TOKEN_EXPIRED');
  });

  it.each([
    ['no token', ''],
    ['8193 bytes', 'a'.repeat(8193)],
    ['8193 bytes in fewer characters', 'я'.repeat(4096) + 'a'],
  ])('refuses the question with %s', async (_, accessToken) => {
    expect(await refusalOf(service.auth.validateToken({ accessToken }))).toMatchObject({
      status: 'INVALID_ARGUMENT',
      reason: 'INVALID_REQUEST',
      fields: ['access_token'],
    });
  });

  it('answers about the longest text', async () => {
    expect(await problemOf(service, 'a'.repeat(8192))).toBe('TOKEN_MALFORMED');
  });
});

describe('ValidateToken, when PostgreSQL is away for longer than the lease', () => {
  let database: TestDatabase;
  let network: TcpProxy;
  let service: TestService;

  beforeAll(async () => {
    database = await createTestDatabase();
    const url = new URL(database.serviceUrl);
    network = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
    url.port = String(network.port);
    service = await startService({ DATABASE_URL: url.href, REDIS_URL: inject('redisUrl') });
  });
  afterAll(async () => {
    await network?.restore();
    await service?.stop();
    await network?.stop();
    await database?.drop();
  });

  it.each([
    ['refuses connections', () => network.cut()],
    ['is silent', async () => network.stall()],
  ])('and %s: neither live nor dead, but UNAVAILABLE, soon; then by itself as before', async (_, takeAway) => {
    const { tokens } = await register(service);
    const { tokens: ended } = await register(service);
    await service.auth.logout({}, bearer(ended.accessToken));

    await takeAway();
    const answers: string[] = [];
    let slowest = 0;
    await expect
      .poll(
        async () => {
          const askedAt = performance.now();
          const answer = await problemOf(service, tokens.accessToken).catch((error: unknown) => error);
          slowest = Math.max(slowest, performance.now() - askedAt);
          // Within its lease it may still know; it never says that the token is dead.
          if (answer === null) return 'live';
          const { status, reason } = await refusalOf(Promise.reject(answer as Error));
          answers.push(`${status} ${reason}`);
          return answers.at(-1);
        },
        { timeout: 10_000, interval: 50 },
      )
      .toBe('UNAVAILABLE DEPENDENCY_UNAVAILABLE');

    // From now on it knows nothing more, of anybody; what is wrong by itself stays wrong.
    const ask = async (accessToken: string) => {
      const askedAt = performance.now();
      const { reason } = await refusalOf(service.auth.validateToken({ accessToken }));
      slowest = Math.max(slowest, performance.now() - askedAt);
      return reason;
    };
    expect(await Promise.all([tokens, tokens, ended].map(({ accessToken }) => ask(accessToken)))).toEqual(
      Array.from({ length: 3 }, () => 'DEPENDENCY_UNAVAILABLE'),
    );
    expect(await refusalOf(service.auth.logout({}, bearer(tokens.accessToken)))).toMatchObject({
      status: 'UNAVAILABLE',
      reason: 'DEPENDENCY_UNAVAILABLE',
      retryAfterSeconds: 1,
    });
    expect(await problemOf(service, 'not a token')).toBe('TOKEN_MALFORMED');
    expect(slowest).toBeLessThan(3500);

    await network.restore();
    await expect
      .poll(() => problemOf(service, tokens.accessToken).catch(() => 'unavailable'), { timeout: 15_000, interval: 50 })
      .toBeNull();
    expect(await problemOf(service, ended.accessToken)).toBe('TOKEN_REVOKED');
  });
});
