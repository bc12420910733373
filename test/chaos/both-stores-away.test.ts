import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../embedded/scratch.ts';
import { accessTokens } from '../support/access-tokens.ts';
import { outcomeOf } from '../support/outcome.ts';
import { PASSWORD, bearer, newPerson } from '../support/people.ts';
import { startPrivatePostgres } from '../support/private-postgres.ts';
import type { PrivatePostgres } from '../support/private-postgres.ts';
import { startRedisServer } from '../support/redis-server.ts';
import type { RedisServer } from '../support/redis-server.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { openSession } from '../support/sessions.ts';
import { problemOf } from '../support/validation.ts';

const LEASE = 500;
const UNAVAILABLE = 'UNAVAILABLE DEPENDENCY_UNAVAILABLE';

describe('PostgreSQL and Redis both away', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'auth-chaos-redis-'));
  let postgres: PrivatePostgres;
  let redis: RedisServer;
  let service: TestService;
  let live: string[];
  let ended: string;
  let refreshToken: string;

  beforeAll(async () => {
    [postgres, redis] = await Promise.all([startPrivatePostgres(), startRedisServer({ dir: directory })]);
    service = await startService({
      DATABASE_URL: postgres.serviceUrl,
      REDIS_URL: redis.url,
      REVOCATION_LEASE: `${LEASE}ms`,
    });
    const [first = '', ...rest] = await accessTokens(service, postgres, 10);
    [ended, live] = [first, rest];
    await service.auth.logout({}, bearer(ended));
    const { userId } = await service.auth.register(newPerson());
    ({ refreshToken } = await openSession(postgres, userId));
    await Promise.all([postgres.kill(), redis.kill()]);
    // The lease ends, and with it what the replica may say from memory.
    await until(
      async () => (await outcomeOf(service.auth.validateToken({ accessToken: live[0] ?? '' }))) === UNAVAILABLE,
    );
  });
  afterAll(async () => {
    await service?.stop();
    await Promise.all([postgres?.remove(), redis?.stop()]);
    rmSync(directory, { recursive: true, force: true });
  });

  it('validation is UNAVAILABLE for every token, live or revoked', async () => {
    const calls = [...live, ended].flatMap((accessToken) => Array.from({ length: 10 }, () => ({ accessToken })));
    const outcomes = await Promise.all(calls.map((call) => outcomeOf(service.auth.validateToken(call))));
    expect([...new Set(outcomes)]).toEqual([UNAVAILABLE]);
  });

  it('and so is everything else that needs a store', async () => {
    const [token = ''] = live;
    const outcomes = await Promise.all([
      outcomeOf(service.auth.register(newPerson())),
      outcomeOf(service.auth.login({ login: 'somebody', password: PASSWORD })),
      outcomeOf(service.auth.refresh({ refreshToken })),
      outcomeOf(service.auth.logout({}, bearer(token))),
    ]);
    expect([...new Set(outcomes)]).toEqual([UNAVAILABLE]);
  });

  it('a token that is no token of ours is still told from one that cannot be judged', async () => {
    expect(await problemOf(service, 'not.a.token')).toBe('TOKEN_MALFORMED');
  });

  it('all is as it was when they are back', async () => {
    await Promise.all([postgres.start(), redis.restart()]);
    const [token = ''] = live;
    await expect
      .poll(() => outcomeOf(service.auth.validateToken({ accessToken: token })), { timeout: 10_000 })
      .toBe('OK');
    for (const accessToken of live) expect(await problemOf(service, accessToken)).toBeNull();
    expect(await problemOf(service, ended)).toBe('TOKEN_REVOKED');
    expect(await outcomeOf(service.auth.refresh({ refreshToken }))).toBe('OK');
  });
});
