import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessTokens } from '../support/access-tokens.ts';
import { bearer } from '../support/people.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { problemOf } from '../support/validation.ts';

describe('Two replicas without any Redis', () => {
  let database: TestDatabase;
  let first: TestService;
  let second: TestService;

  beforeAll(async () => {
    database = await createTestDatabase();
    const settings = { DATABASE_URL: database.serviceUrl, REVOCATION_LEASE: '500ms' };
    [first, second] = await Promise.all([startService(settings), startService(settings)]);
  });
  afterAll(async () => {
    await Promise.all([first?.stop(), second?.stop()]);
    await database?.drop();
  });

  it('keep the promise of Logout by waiting for the lease of the other', async () => {
    const tokens = await accessTokens(first, database, 20);
    const problems = await Promise.all(
      tokens.map(async (token, index) => {
        const [revoker, other] = index % 2 ? [first, second] : [second, first];
        expect(await problemOf(other, token)).toBeNull();
        await revoker.auth.logout({}, bearer(token));
        return await problemOf(other, token);
      }),
    );
    expect([...new Set(problems)]).toEqual(['TOKEN_REVOKED']);
  });

  it('do not wait for one that was stopped in order', async () => {
    const [token = ''] = await accessTokens(first, database, 1);
    await second.stop();
    expect(await database.query('select id from auth.replicas')).toHaveLength(1);
    await first.auth.logout({}, bearer(token));
    expect(await problemOf(first, token)).toBe('TOKEN_REVOKED');
  });
});
