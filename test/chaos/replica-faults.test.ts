import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { accessTokens } from '../support/access-tokens.ts';
import { bearer } from '../support/people.ts';
import { startServiceProcess } from '../support/service-process.ts';
import type { ServiceProcess } from '../support/service-process.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { problemOf } from '../support/validation.ts';

const LEASE = 1000;
const PATIENCE = 5000;

describe('A replica in trouble', () => {
  let database: TestDatabase;
  let first: TestService;
  let second: TestService;
  let other: ServiceProcess;
  let settings: { DATABASE_URL: string; REDIS_URL: string; REVOCATION_LEASE: string };

  beforeAll(async () => {
    database = await createTestDatabase();
    settings = {
      DATABASE_URL: database.serviceUrl,
      REDIS_URL: inject('redisUrl'),
      REVOCATION_LEASE: `${LEASE}ms`,
    };
    [first, second, other] = await Promise.all([
      startService(settings),
      startService(settings),
      startServiceProcess(settings),
    ]);
  });
  afterAll(async () => {
    await Promise.all([first?.stop(), second?.stop(), other?.kill()]);
    await database?.drop();
  });

  it('that stood still for 3 s says nothing positive of tokens revoked meanwhile when it goes on', async () => {
    const tokens = await accessTokens(first, database, 20);
    for (const token of tokens) expect(await problemOf(other, token)).toBeNull();

    other.pause();
    const goesOnAfter = sleep(3000);
    // These wait in its socket and are the first that it sees; they began after the answers.
    const asked = await Promise.all(
      tokens.map(async (token) => {
        await first.auth.logout({}, bearer(token));
        return { answer: problemOf(other, token) };
      }),
    );
    await goesOnAfter;
    other.resume();
    const problems = await Promise.all(asked.map(({ answer }) => answer));
    expect([...new Set(problems)]).toEqual(['TOKEN_REVOKED']);
  });

  it('that is killed while logouts go on stops none of them, and they hold on the others', async () => {
    const tokens = await accessTokens(first, database, 40);
    let killed: Promise<void> | undefined;
    let slowest = 0;
    const problems = await Promise.all(
      tokens.map(async (token, index) => {
        await sleep(index * 10);
        if (index === 10) killed = other.kill();
        const [revoker, surviving] = index % 2 ? [first, second] : [second, first];
        const begin = performance.now();
        await revoker.auth.logout({}, bearer(token));
        slowest = Math.max(slowest, performance.now() - begin);
        return await problemOf(surviving, token);
      }),
    );
    await killed;
    expect([...new Set(problems)]).toEqual(['TOKEN_REVOKED']);
    expect(slowest).toBeLessThan(LEASE * 1.05 + PATIENCE);
  });

  it('that starts anew knows what was revoked before', async () => {
    const [token = ''] = await accessTokens(first, database, 1);
    await first.auth.logout({}, bearer(token));
    const late = await startServiceProcess(settings);
    expect(await problemOf(late, token)).toBe('TOKEN_REVOKED');
    await late.kill();
  });
});
