import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { LogoutScope } from '../../../src/gen/auth/v1/auth_service.ts';
import { accessTokens } from '../../support/access-tokens.ts';
import { PASSWORD, bearer, register, tokensOf } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { problemOf } from '../../support/validation.ts';

describe('Logout', () => {
  let database: TestDatabase;
  let first: TestService;
  let second: TestService;

  beforeAll(async () => {
    database = await createTestDatabase();
    const settings = { DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl') };
    first = await startService(settings);
    second = await startService(settings);
  });
  afterAll(async () => {
    await first?.stop();
    await second?.stop();
    await database?.drop();
  });

  it('kills both tokens of the pair', async () => {
    const { tokens } = await register(first);
    const { endedSessions } = await first.auth.logout({}, bearer(tokens.accessToken));
    expect(endedSessions).toBe(1);
    expect(await problemOf(first, tokens.accessToken)).toBe('TOKEN_REVOKED');
    expect(await refusalOf(first.auth.refresh({ refreshToken: tokens.refreshToken }))).toMatchObject({
      status: 'UNAUTHENTICATED',
      reason: 'SESSION_ENDED',
    });
  });

  it('ends the other sessions and keeps this one', async () => {
    const { secondLogin, tokens } = await register(first);
    const others = await Promise.all(
      [1, 2, 3].map(async () => tokensOf(await first.auth.login({ login: secondLogin, password: PASSWORD }))),
    );
    const { endedSessions } = await first.auth.logout(
      { scope: LogoutScope.OTHER_SESSIONS },
      bearer(tokens.accessToken),
    );
    expect(endedSessions).toBe(3);
    for (const other of others) expect(await problemOf(second, other.accessToken)).toBe('TOKEN_REVOKED');
    expect(await problemOf(second, tokens.accessToken)).toBeNull();
  });

  it('holds on the other replica when it has answered: 500 logouts, 0 positives', async () => {
    const tokens = await accessTokens(first, database, 500);
    // Known to the second replica, so that its cache of verified tokens cannot help it.
    await Promise.all(tokens.map((accessToken) => second.auth.validateToken({ accessToken })));
    let positives = 0;
    await Promise.all(
      tokens.map(async (accessToken) => {
        await first.auth.logout({}, bearer(accessToken));
        if ((await problemOf(second, accessToken)) !== 'TOKEN_REVOKED') positives += 1;
      }),
    );
    expect(positives).toBe(0);
  });
});
