import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { register, tokensOf } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { openSession } from '../../support/sessions.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { problemOf } from '../../support/validation.ts';

describe('The second use of a refresh token', () => {
  let database: TestDatabase;
  let first: TestService;
  let second: TestService;
  let impatient: TestService;
  let userId: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    const settings = { DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl') };
    first = await startService(settings);
    second = await startService(settings);
    impatient = await startService({ ...settings, REFRESH_GRACE: '0s' });
    ({ userId } = await register(first));
  });
  afterAll(async () => {
    await first?.stop();
    await second?.stop();
    await impatient?.stop();
    await database?.drop();
  });

  const refresh = async (refreshToken: string) => tokensOf(await first.auth.refresh({ refreshToken }));

  /** The refusal names the reuse, nothing of the session works any more, anywhere, and the theft is on record. */
  async function expectTheft(use: {
    stolen: string;
    sessionId: string;
    live: { accessToken: string; refreshToken: string }[];
    at?: TestService;
  }) {
    const { stolen, sessionId, live, at = first } = use;
    for (const { accessToken } of live) {
      // Known as good to both: what follows is not decided by a replica that never saw the token.
      expect(await problemOf(first, accessToken)).toBeNull();
      expect(await problemOf(second, accessToken)).toBeNull();
    }
    expect(await refusalOf(at.auth.refresh({ refreshToken: stolen }))).toMatchObject({
      status: 'UNAUTHENTICATED',
      reason: 'REFRESH_TOKEN_REUSED',
    });
    for (const { accessToken, refreshToken } of live) {
      expect(await problemOf(first, accessToken)).toBe('TOKEN_REVOKED');
      expect(await problemOf(second, accessToken)).toBe('TOKEN_REVOKED');
      expect((await refusalOf(second.auth.refresh({ refreshToken }))).reason).toBe('SESSION_ENDED');
    }
    const events = await database.query<{ type: string; user_id: string }>(
      'select type, user_id from auth.outbox_events where session_id = $1 order by id',
      [sessionId],
    );
    expect(events).toEqual([
      { type: 'session.refresh_reused', user_id: userId },
      { type: 'session.ended', user_id: userId },
    ]);
  }

  it('ends the session when its successor has been used', async () => {
    const { sessionId, refreshToken } = await openSession(database, userId);
    const second = await refresh(refreshToken);
    const third = await refresh(second.refreshToken);
    await expectTheft({ stolen: refreshToken, sessionId, live: [second, third] });
  });

  it('ends the session when it is an older generation', async () => {
    const { sessionId, refreshToken } = await openSession(database, userId);
    let pair = await refresh(refreshToken);
    for (let generation = 3; generation <= 6; generation += 1) pair = await refresh(pair.refreshToken);
    await expectTheft({ stolen: refreshToken, sessionId, live: [pair] });
  });

  it('ends the session when the grace is over', async () => {
    const { sessionId, refreshToken } = await openSession(database, userId);
    const pair = await refresh(refreshToken);
    await database.query(
      `update auth.refresh_tokens set rotated_at = rotated_at - interval '30 seconds' where session_id = $1`,
      [sessionId],
    );
    await expectTheft({ stolen: refreshToken, sessionId, live: [pair] });
  });

  it('ends the session at once where no grace is given', async () => {
    const { sessionId, refreshToken } = await openSession(database, userId);
    const pair = await refresh(refreshToken);
    await expectTheft({ stolen: refreshToken, sessionId, live: [pair], at: impatient });
  });

  it('is told once: later uses find the session ended', async () => {
    const { sessionId, refreshToken } = await openSession(database, userId);
    const pair = await refresh(refreshToken);
    await expectTheft({ stolen: refreshToken, sessionId, live: [pair], at: impatient });
    expect((await refusalOf(impatient.auth.refresh({ refreshToken }))).reason).toBe('SESSION_ENDED');
  });

  it('leaves other sessions of the user alone', async () => {
    const stolen = await openSession(database, userId);
    const safe = await refresh((await openSession(database, userId)).refreshToken);
    await refresh(stolen.refreshToken);
    await refusalOf(impatient.auth.refresh({ refreshToken: stolen.refreshToken }));
    expect(await problemOf(second, safe.accessToken)).toBeNull();
    await refresh(safe.refreshToken);
  });
});
