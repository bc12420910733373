import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { RefreshOutcome } from '../../../src/gen/auth/v1/auth_service.ts';
import { bearer, register, tokensOf } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { openSession, refreshTokensUnder } from '../../support/sessions.ts';
import { decodeUnverified } from '../../support/signing.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { problemOf } from '../../support/validation.ts';

const DAY = 86_400_000;

describe('Refresh', () => {
  let database: TestDatabase;
  let service: TestService;
  let other: TestService;
  let userId: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    const settings = { DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl') };
    service = await startService(settings);
    other = await startService(settings);
    ({ userId } = await register(service));
  });
  afterAll(async () => {
    await service?.stop();
    await other?.stop();
    await database?.drop();
  });

  const refresh = async (refreshToken: string, replica = service) => {
    const answer = await replica.auth.refresh({ refreshToken });
    return { ...tokensOf(answer), outcome: answer.outcome };
  };
  const refusal = (refreshToken: string) => refusalOf(service.auth.refresh({ refreshToken }));

  it('trades the token of a registration for a new pair of the same session', async () => {
    const { tokens } = await register(service);
    const next = await refresh(tokens.refreshToken);
    expect(next).toMatchObject({ outcome: RefreshOutcome.ROTATED, sessionId: tokens.sessionId });
    expect(next.refreshToken).not.toBe(tokens.refreshToken);
    expect(next.accessToken).not.toBe(tokens.accessToken);
    expect(await problemOf(other, next.accessToken)).toBeNull();
    // The earlier access token lives its time out.
    expect(await problemOf(other, tokens.accessToken)).toBeNull();
  });

  it('says when the new pair ends: the refresh token in 7 days, the access token in 28.5 to 30 minutes', async () => {
    const next = await refresh((await openSession(database, userId)).refreshToken);
    const fromNow = (time: Date | undefined) => (time?.getTime() ?? 0) - Date.now();
    expect(fromNow(next.refreshTokenExpireTime)).toBeGreaterThan(7 * DAY - 60_000);
    expect(fromNow(next.refreshTokenExpireTime)).toBeLessThanOrEqual(7 * DAY);
    expect(fromNow(next.accessTokenExpireTime)).toBeGreaterThan(28.5 * 60_000 - 60_000);
    expect(fromNow(next.accessTokenExpireTime)).toBeLessThanOrEqual(30 * 60_000);
    expect(decodeUnverified(next.accessToken).payload['exp']).toBe((next.accessTokenExpireTime?.getTime() ?? 0) / 1000);
  });

  it('never promises a refresh token beyond the end of its session', async () => {
    const { sessionId, refreshToken } = await openSession(database, userId);
    const [row] = await database.query<{ expires_at: Date }>(
      `update auth.sessions set expires_at = date_trunc('second', now()) + interval '1 hour' where id = $1 returning expires_at`,
      [sessionId],
    );
    expect((await refresh(refreshToken)).refreshTokenExpireTime).toEqual(row?.expires_at);
  });

  it('answers the predecessor with the very same successor while that is unused, on any replica', async () => {
    const { refreshToken } = await openSession(database, userId);
    const first = await refresh(refreshToken);
    for (const replica of [service, other, service]) {
      const repeat = await refresh(refreshToken, replica);
      expect(repeat.outcome).toBe(RefreshOutcome.REPLAYED);
      expect(repeat.refreshToken).toBe(first.refreshToken);
      expect(repeat.refreshTokenExpireTime).toEqual(first.refreshTokenExpireTime);
      expect(await problemOf(other, repeat.accessToken)).toBeNull();
    }
    expect((await refresh(first.refreshToken)).outcome).toBe(RefreshOutcome.ROTATED);
  });

  it('moves the last use of the session', async () => {
    const { sessionId, refreshToken } = await openSession(database, userId);
    await database.query(`update auth.sessions set last_used_at = now() - interval '1 day' where id = $1`, [sessionId]);
    await refresh(refreshToken);
    const rows = await database.query(
      `select 1 from auth.sessions where id = $1 and last_used_at > now() - interval '1 minute'`,
      [sessionId],
    );
    expect(rows).toHaveLength(1);
  });

  it('puts the roles of the moment into the new access token', async () => {
    const { userId: person, tokens } = await register(service);
    await database.query(`insert into accounts.user_group_memberships (user_id, group_name) values ($1, 'courier')`, [
      person,
    ]);
    const next = await refresh(tokens.refreshToken);
    expect(decodeUnverified(next.accessToken).payload['roles']).toEqual(['courier', 'customer']);

    await database.query(
      `update accounts.user_group_memberships set is_active = false, deleted_at = now() where user_id = $1 and group_name = 'customer'`,
      [person],
    );
    const last = await refresh(next.refreshToken);
    expect(decodeUnverified(last.accessToken).payload['roles']).toEqual(['courier']);
  });

  it.each(['is_active = false', 'deleted_at = now()'])('is refused to a user who is gone: %s', async (change) => {
    const { userId: person, tokens } = await register(service);
    await database.query(`update accounts.users set ${change} where id = $1`, [person]);
    expect(await refusal(tokens.refreshToken)).toMatchObject({ status: 'UNAUTHENTICATED', reason: 'SESSION_ENDED' });
  });

  it.each([
    'auth.refresh_tokens set expires_at = now() where session_id',
    'auth.sessions set expires_at = now() where id',
  ])('is refused when the time is over: %s', async (update) => {
    const { sessionId, refreshToken } = await openSession(database, userId);
    await database.query(`update ${update} = $1`, [sessionId]);
    expect(await refusal(refreshToken)).toMatchObject({ status: 'UNAUTHENTICATED', reason: 'REFRESH_TOKEN_EXPIRED' });
  });

  it('is refused after a logout, at once and without the grace, and that is no theft', async () => {
    const { refreshToken, sessionId } = await openSession(database, userId);
    const next = await refresh(refreshToken);
    await service.auth.logout({}, bearer(next.accessToken));
    for (const token of [refreshToken, next.refreshToken]) {
      expect(await refusal(token)).toMatchObject({ status: 'UNAUTHENTICATED', reason: 'SESSION_ENDED' });
    }
    const events = await database.query<{ type: string }>(
      'select type from auth.outbox_events where session_id = $1 order by id',
      [sessionId],
    );
    expect(events.map(({ type }) => type)).toEqual(['session.ended']);
  });

  describe('of a token that this service has not issued', () => {
    const flipBit = (token: string, byte: number) => {
      const bytes = Buffer.from(token.slice(4), 'base64url');
      bytes.writeUInt8(bytes.readUInt8(byte) ^ 1, byte);
      return `rt1_${bytes.toString('base64url')}`;
    };
    const raiseGeneration = (token: string) => {
      const bytes = Buffer.from(token.slice(4), 'base64url');
      bytes.writeUInt32BE(bytes.readUInt32BE(16) + 1, 16);
      return `rt1_${bytes.toString('base64url')}`;
    };
    const sameIn = (masterKey: string, token: string) => {
      const { sessionId } = refreshTokensUnder().parse(token) ?? { sessionId: '' };
      return refreshTokensUnder(masterKey).first(sessionId).text;
    };
    const successorOf = (token: string) => {
      const parsed = refreshTokensUnder().parse(token);
      if (!parsed) throw new Error('Not a refresh token.');
      return refreshTokensUnder().successor(parsed).text;
    };

    it.each<[string, (token: string) => string]>([
      ['random bytes', () => `rt1_${randomBytes(68).toString('base64url')}`],
      ['a word', () => 'hello'],
      ['cut in half', (token) => token.slice(0, token.length / 2)],
      ['one character short', (token) => token.slice(0, -1)],
      ['one character long', (token) => `${token}A`],
      ['padded', (token) => `${token}=`],
      ['with a space', (token) => `${token} `],
      ['without the prefix', (token) => token.slice(4)],
      ['another prefix', (token) => `rt2_${token.slice(4)}`],
      ['in upper case', (token) => token.toUpperCase()],
      ['a bit of the session flipped', (token) => flipBit(token, 3)],
      ['a bit of the generation flipped', (token) => flipBit(token, 19)],
      ['a bit of the salt flipped', (token) => flipBit(token, 30)],
      ['a bit of the MAC flipped', (token) => flipBit(token, 67)],
      ['generation raised by hand', raiseGeneration],
      ['made under another master key', (token) => sameIn(Buffer.alloc(32, 8).toString('base64'), token)],
      ['of the session, with a salt of its own', (token) => sameIn(Buffer.alloc(32, 7).toString('base64'), token)],
      ['the successor that nobody was given yet', successorOf],
      ['of no session', () => refreshTokensUnder().first('00000000-0000-4000-8000-000000000000').text],
    ])('%s: refused, and the session lives on', async (_name, change) => {
      const { refreshToken } = await openSession(database, userId);
      expect(await refusal(change(refreshToken))).toMatchObject({
        status: 'UNAUTHENTICATED',
        reason: 'REFRESH_TOKEN_UNKNOWN',
      });
      expect((await refresh(refreshToken)).outcome).toBe(RefreshOutcome.ROTATED);
    });

    it('refuses an access token in its place', async () => {
      const { tokens } = await register(service);
      expect((await refusal(tokens.accessToken)).reason).toBe('REFRESH_TOKEN_UNKNOWN');
    });

    it.each([
      ['nothing', ''],
      ['more than 512 characters', 'r'.repeat(513)],
      ['a NUL', 'rt1_\0'],
      ['an undecodable byte', 'rt1_\uFFFD'],
    ])('names the field for %s', async (_name, text) => {
      expect(await refusal(text)).toMatchObject({
        status: 'INVALID_ARGUMENT',
        reason: 'INVALID_REQUEST',
        fields: ['refresh_token'],
      });
    });
  });
});
