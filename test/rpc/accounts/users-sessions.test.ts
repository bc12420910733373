import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { accountHolder } from '../../support/account-holders.ts';
import { auditOfUser } from '../../support/audit.ts';
import { putChallenge } from '../../support/challenges.ts';
import { addRoleHolder, roleHolder } from '../../support/delegation.ts';
import type { RoleHolder } from '../../support/organisations.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { PASSWORD, bearer, tokensOf } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { openSessions } from '../../support/sessions.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { problemOf } from '../../support/validation.ts';

let database: TestDatabase;
let first: TestService;
let second: TestService;
let support: RoleHolder;
beforeAll(async () => {
  database = await createTestDatabase();
  const settings = { DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl') };
  first = await startService(settings);
  second = await startService(settings);
  support = await roleHolder(first, database, 'support');
});
afterAll(async () => {
  await first?.stop();
  await second?.stop();
  await database?.drop();
});

const list = async (userId: string, as = support.as) =>
  (await first.usersAdmin.listUserSessions({ userId }, as)).sessions;
const end = (userId: string, sessionId = '') => first.usersAdmin.endUserSessions({ userId, sessionId }, support.as);
const revoke = (userId: string) => first.usersAdmin.revokeUserTokens({ userId }, support.as);
const MISSING = { status: 'NOT_FOUND', reason: 'USER_NOT_FOUND' };

/** Somebody with so many sessions, and the tokens of each. */
async function visitor(count: number) {
  const userId = await addRoleHolder(database.query, 'customer');
  const sessions = await Promise.all(
    (await openSessions(database, userId, count)).map(async ({ sessionId, refreshToken }) => ({
      ...tokensOf(await first.auth.refresh({ refreshToken })),
      sessionId,
    })),
  );
  return { userId, sessions };
}

describe('ListUserSessions', () => {
  it('shows the live ones by last activity, and no token of them', async () => {
    const { userId, sessions } = await visitor(4);
    const [latest, ended, oldest] = sessions;
    await database.query(`update auth.sessions set last_used_at = now() + interval '1 minute' where id = $1`, [
      latest?.sessionId,
    ]);
    await database.query(`update auth.sessions set last_used_at = now() - interval '1 hour' where id = $1`, [
      oldest?.sessionId,
    ]);
    await end(userId, ended?.sessionId);
    const shown = await list(userId);
    expect(shown.map(({ sessionId }) => sessionId)).toEqual([
      latest?.sessionId,
      sessions[3]?.sessionId,
      oldest?.sessionId,
    ]);
    expect(shown.some(({ current }) => current)).toBe(false);
    for (const { refreshToken } of sessions) expect(JSON.stringify(shown)).not.toContain(refreshToken);
  });

  it('says of an administrator’s own which one asks', async () => {
    const [own] = await list(support.userId);
    expect(own?.current).toBe(true);
  });

  it('of nobody is refused', async () => {
    expect(await refusalOf(list(randomUUID()))).toMatchObject(MISSING);
    expect(await refusalOf(list('x'))).toMatchObject({ reason: 'INVALID_REQUEST', fields: ['user_id'] });
  });
});

describe('EndUserSessions', () => {
  it('ends one, and the others go on', async () => {
    const { userId, sessions } = await visitor(3);
    const [one, ...others] = sessions;
    const answer = await end(userId, one?.sessionId);
    expect(answer.endedSessions).toBe(1);
    expect(await problemOf(second, one?.accessToken ?? '')).toBe('TOKEN_REVOKED');
    expect(await outcomeOf(second.auth.refresh({ refreshToken: one?.refreshToken ?? '' }))).toBe(
      'UNAUTHENTICATED SESSION_ENDED',
    );
    for (const other of others) expect(await problemOf(second, other.accessToken)).toBeNull();
    // Once more: nothing to end, and the same revision or a later one.
    const again = await end(userId, one?.sessionId);
    expect(again.endedSessions).toBe(0);
    expect(again.revision).toBeGreaterThanOrEqual(answer.revision);
    expect(await auditOfUser(database, userId)).toEqual([
      { action: 'user.sessions_ended', actor_id: support.userId, data: {} },
      { action: 'session.ended', actor_id: support.userId, data: { trigger: 'session_ended', ended_sessions: 1 } },
    ]);
  });

  it('ends all, and he can log in again', async () => {
    const holder = await accountHolder(first, database);
    await openSessions(database, holder.userId, 2);
    expect((await end(holder.userId)).endedSessions).toBe(3);
    expect((await end(holder.userId)).endedSessions).toBe(0);
    expect(await problemOf(second, holder.tokens.accessToken)).toBe('TOKEN_REVOKED');
    expect(await outcomeOf(second.auth.login({ login: holder.email, password: PASSWORD }))).toBe('OK');
    expect((await auditOfUser(database, holder.userId)).map(({ action }) => action)).toEqual([
      'user.sessions_ended',
      'session.ended',
    ]);
  });

  it('of 100 users holds on the other replica when it has answered: 0 positives', async () => {
    const people = await Promise.all(Array.from({ length: 100 }, () => roleHolder(first, database, 'customer')));
    await Promise.all(people.map(({ tokens }) => second.auth.validateToken({ accessToken: tokens.accessToken })));
    let positives = 0;
    await Promise.all(
      people.map(async ({ userId, tokens }, index) => {
        await (index % 2 === 0 ? end(userId) : revoke(userId));
        if ((await problemOf(second, tokens.accessToken)) !== 'TOKEN_REVOKED') positives += 1;
      }),
    );
    expect(positives).toBe(0);
  });

  it('does not find a session of somebody else’s, as one that there is not', async () => {
    const [one, other] = [await visitor(1), await visitor(1)];
    for (const sessionId of [other.sessions[0]?.sessionId, randomUUID()]) {
      expect(await refusalOf(end(one.userId, sessionId))).toMatchObject({
        status: 'NOT_FOUND',
        reason: 'SESSION_NOT_FOUND',
        text: 'The user has no such session.',
      });
    }
    expect(await problemOf(second, other.sessions[0]?.accessToken ?? '')).toBeNull();
    expect(await refusalOf(end(randomUUID(), other.sessions[0]?.sessionId))).toMatchObject(MISSING);
  });

  it.each([
    ['', '', ['user_id']],
    ['x', 'y', ['session_id', 'user_id']],
    [randomUUID(), '\u0007', ['session_id']],
  ])('refuses the user %j and the session %j', async (userId, sessionId, fields) => {
    expect(await refusalOf(end(userId, sessionId))).toMatchObject({ reason: 'INVALID_REQUEST', fields });
  });
});

describe('RevokeUserTokens', () => {
  it('revokes sessions, codes, links and device tokens; then he logs in as from a new device', async () => {
    const holder = await accountHolder(first, database);
    const sent = { contactType: 'email', contact: holder.email, userId: holder.userId };
    const { token } = await putChallenge(database, { ...sent, purpose: 'password_reset', method: 'link' });
    // A device token of the very second counts as one of before.
    const { deviceToken } = await first.auth.login({ login: holder.email, password: PASSWORD });
    expect(await knowsDevice(holder, deviceToken)).toBe(true);

    const answer = await revoke(holder.userId);
    expect(answer.endedSessions).toBe(3);
    expect(await problemOf(second, holder.tokens.accessToken)).toBe('TOKEN_REVOKED');
    const reset = second.passwords.finishPasswordReset({
      proof: { $case: 'token', value: token },
      newPassword: 'another correct horse',
    });
    expect(await outcomeOf(reset)).toBe('INVALID_ARGUMENT LINK_INVALID');
    expect(await knowsDevice(holder, deviceToken)).toBe(false);
    expect(await outcomeOf(second.auth.login({ login: holder.email, password: PASSWORD }))).toBe('OK');
  });

  /** Whether a login keeps its token: an unknown device gets its first. */
  async function knowsDevice({ email }: { email: string }, deviceToken: string): Promise<boolean> {
    const answer = await second.auth.login({ login: email, password: PASSWORD, deviceToken });
    return answer.deviceToken === deviceToken;
  }

  it('is in the audit each time: a repeat revokes what was handed out meanwhile', async () => {
    const { userId } = await visitor(1);
    const once = await revoke(userId);
    const again = await revoke(userId);
    expect([once.endedSessions, again.endedSessions]).toEqual([1, 0]);
    expect(again.revision).toBeGreaterThanOrEqual(once.revision);
    expect(await auditOfUser(database, userId)).toEqual([
      { action: 'user.tokens_revoked', actor_id: support.userId, data: {} },
      { action: 'session.ended', actor_id: support.userId, data: { trigger: 'admin_revoked', ended_sessions: 1 } },
      { action: 'user.tokens_revoked', actor_id: support.userId, data: {} },
    ]);
  });

  it('against 20 refreshes at the same moment leaves no live token', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { userId, sessions } = await visitor(20);
      const refreshes = sessions.map(({ refreshToken }) => second.auth.refresh({ refreshToken }).catch(() => null));
      await revoke(userId);
      for (const answer of await Promise.all(refreshes)) {
        if (answer) expect(await problemOf(first, tokensOf(answer).accessToken)).toBe('TOKEN_REVOKED');
      }
    }
  });

  it('of nobody is refused', async () => {
    expect(await refusalOf(revoke(randomUUID()))).toMatchObject(MISSING);
    expect(await refusalOf(revoke(''))).toMatchObject({ reason: 'INVALID_REQUEST', fields: ['user_id'] });
  });

  it('of oneself ends the session that asks', async () => {
    const own = await roleHolder(first, database, 'support');
    await first.usersAdmin.revokeUserTokens({ userId: own.userId }, own.as);
    expect(await outcomeOf(first.usersAdmin.getUser({ userId: own.userId }, bearer(own.tokens.accessToken)))).toBe(
      'UNAUTHENTICATED TOKEN_REVOKED',
    );
  });
});
