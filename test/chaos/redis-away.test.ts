import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessTokens } from '../support/access-tokens.ts';
import { bearer } from '../support/people.ts';
import { startRedisServer } from '../support/redis-server.ts';
import type { RedisServer } from '../support/redis-server.ts';
import { Redis } from 'ioredis';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { problemOf } from '../support/validation.ts';

/** Long against the half second after which a call to a silent Redis is given up: nobody is late by accident. */
const LEASE = 2000;
/** Beyond a lease and its margin: what the calls themselves take on a machine that is busy. */
const PATIENCE = 5000;

describe('Redis with its memory of revocations lost', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'auth-chaos-redis-'));
  let redis: RedisServer;
  let database: TestDatabase;
  let first: TestService;
  let second: TestService;
  let loggedOut: string[];

  beforeAll(async () => {
    [redis, database] = await Promise.all([startRedisServer({ dir: directory }), createTestDatabase()]);
    const settings = { DATABASE_URL: database.serviceUrl, REDIS_URL: redis.url, REVOCATION_LEASE: `${LEASE}ms` };
    [first, second] = await Promise.all([startService(settings), startService(settings)]);
    loggedOut = await accessTokens(first, database, 200);
    await Promise.all(loggedOut.map((token) => first.auth.logout({}, bearer(token))));
  });
  afterAll(async () => {
    await Promise.all([first?.stop(), second?.stop()]);
    await Promise.all([redis?.stop(), database?.drop()]);
    rmSync(directory, { recursive: true, force: true });
  });

  async function accepted(): Promise<number> {
    const problems = await Promise.all(
      [first, second].flatMap((replica) => loggedOut.map((token) => problemOf(replica, token))),
    );
    return problems.filter((problem) => problem !== 'TOKEN_REVOKED').length;
  }

  /** Logs somebody out on the first replica; what the second says then, and how long the answer took. */
  async function logoutTakes(count = 1): Promise<{ slowest: number; problems: (string | null)[] }> {
    const tokens = await accessTokens(first, database, count);
    for (const token of tokens) expect(await problemOf(second, token)).toBeNull();
    let slowest = 0;
    const problems = await Promise.all(
      tokens.map(async (token) => {
        const begin = performance.now();
        await first.auth.logout({}, bearer(token));
        slowest = Math.max(slowest, performance.now() - begin);
        loggedOut.push(token);
        return await problemOf(second, token);
      }),
    );
    return { slowest, problems: [...new Set(problems)] };
  }

  it('by FLUSHALL: of 200 tokens that were logged out, both replicas accept none', async () => {
    const client = new Redis(redis.url);
    const jti = JSON.parse(Buffer.from(loggedOut[0]?.split('.')[1] ?? '', 'base64url').toString()) as { jti: string };
    expect(await client.exists(`auth:revoked:${jti.jti}`)).toBe(1);
    await client.flushall();
    client.disconnect();
    expect(await accepted()).toBe(0);
  });

  it('by SIGSTOP: 50 logouts answer within a lease and hold on the other replica', async () => {
    redis.pause();
    const { slowest, problems } = await logoutTakes(50).finally(() => redis.resume());
    expect(problems).toEqual(['TOKEN_REVOKED']);
    expect(slowest).toBeLessThan(LEASE * 1.05 + PATIENCE);
    expect(await accepted()).toBe(0);
  });

  it('by kill -9: logouts answer, hold, and none of the earlier tokens is accepted', async () => {
    await redis.kill();
    const { slowest, problems } = await logoutTakes();
    expect(problems).toEqual(['TOKEN_REVOKED']);
    expect(slowest).toBeLessThan(LEASE * 1.05 + PATIENCE);
    expect(await accepted()).toBe(0);
  });

  it('by a restart with nothing in it: no token is accepted, and announcements come through again', async () => {
    await redis.restart();
    expect(await accepted()).toBe(0);
    await expect.poll(async () => (await logoutTakes()).slowest, { timeout: 20_000, interval: 50 }).toBeLessThan(LEASE);
    expect(await accepted()).toBe(0);
  });
});
