import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { DecisionSource } from '../../../src/gen/auth/v1/consistency.ts';
import { bearer, register } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

describe('The consistency of a validation', () => {
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

  it('is answered from memory by default, with the revision that a logout has answered', async () => {
    const { tokens } = await register(first);
    const { revision } = await first.auth.logout({}, bearer(tokens.accessToken));
    const answer = await second.auth.validateToken(tokens);
    expect(answer).toMatchObject({ result: { $case: 'problem' }, source: DecisionSource.MEMORY });
    expect(answer.revision).toBeGreaterThanOrEqual(revision);
  });

  it('asks PostgreSQL when it has to be full, and sees what was committed past every replica', async () => {
    const { tokens, userId } = await register(first);
    // Committed behind the back of all replicas: nobody announces it, and no lease is waited for.
    await database.query('select auth.end_sessions($1, array[$2::uuid], $3, null)', [userId, tokens.sessionId, 'test']);
    const consistency = { requirement: { $case: 'fullyConsistent' as const, value: true } };
    const answer = await second.auth.validateToken({ accessToken: tokens.accessToken, consistency });
    expect(answer).toMatchObject({ result: { $case: 'problem' }, source: DecisionSource.POSTGRESQL });
  });

  it('reaches a revision that is named, and refuses one that nobody has answered', async () => {
    const { tokens, userId } = await register(first);
    const [row] = await database.query<{ revision: string }>(
      'select revision from auth.end_sessions($1, array[$2::uuid], $3, null)',
      [userId, tokens.sessionId, 'test'],
    );
    const atLeast = (value: number) => ({ requirement: { $case: 'atLeastAsFresh' as const, value } });
    const revision = Number(row?.revision);
    const answer = await second.auth.validateToken({ ...tokens, consistency: atLeast(revision) });
    expect(answer.result?.$case).toBe('problem');
    expect(answer.revision).toBeGreaterThanOrEqual(revision);

    const future = second.auth.validateToken({ ...tokens, consistency: atLeast(revision + 1_000_000) });
    expect(await refusalOf(future)).toMatchObject({ status: 'FAILED_PRECONDITION', reason: 'REVISION_UNKNOWN' });
    const negative = second.auth.validateToken({ ...tokens, consistency: atLeast(-1) });
    expect(await refusalOf(negative)).toMatchObject({ fields: ['consistency.at_least_as_fresh'] });
  });
});
