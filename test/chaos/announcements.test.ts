import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Redis } from 'ioredis';
import { accessTokens } from '../support/access-tokens.ts';
import { bearer } from '../support/people.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { problemOf } from '../support/validation.ts';

describe('Announcements of revocations', () => {
  let database: TestDatabase;
  let replicas: TestService[];

  beforeAll(async () => {
    database = await createTestDatabase();
    // So long that a revoker who waits for it is noticed on any machine.
    const settings = { DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl'), REVOCATION_LEASE: '5s' };
    replicas = await Promise.all([1, 2, 3].map(() => startService(settings)));
  });
  afterAll(async () => {
    await Promise.all((replicas ?? []).map((replica) => replica.stop()));
    await database?.drop();
  });
  const replica = (number: number) => replicas[number % 3] as TestService;

  it('reach everybody when all replicas revoke at once, so that none waits for a lease', async () => {
    const tokens = await accessTokens(replica(0), database, 120);
    const begin = performance.now();
    const problems = await Promise.all(
      tokens.map(async (token, index) => {
        await replica(index).auth.logout({}, bearer(token));
        return await Promise.all([1, 2].map((step) => problemOf(replica(index + step), token)));
      }),
    );
    expect([...new Set(problems.flat())]).toEqual(['TOKEN_REVOKED']);
    expect(performance.now() - begin).toBeLessThan(5000);
  });

  it('of a revision that the database does not have cost one look each', async () => {
    const reads = async () => {
      const [row] = await database.query<{ calls: string }>(
        `select xact_commit as calls from pg_stat_database where datname = current_database()`,
      );
      return Number(row?.calls);
    };
    const [token = ''] = await accessTokens(replica(0), database, 1);
    const redis = new Redis(inject('redisUrl'));
    const before = await reads();
    await redis.publish('auth:revocations', 'a-stranger 9007199254740991');
    redis.disconnect();
    await replica(0).auth.logout({}, bearer(token));
    expect(await problemOf(replica(1), token)).toBe('TOKEN_REVOKED');
    // A replica that looked for it again and again would have read many hundred times.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect((await reads()) - before).toBeLessThan(200);
  });
});
