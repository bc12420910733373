import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Metadata } from 'nice-grpc';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { mmdbOf } from '../../support/mmdb.ts';
import { PASSWORD, bearer, register, tokensOf } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { openSessions } from '../../support/sessions.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { problemOf } from '../../support/validation.ts';

const ANDROID =
  'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36';

let database: TestDatabase;
let first: TestService;
let second: TestService;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'auth-places-'));
  const places = path.join(directory, 'places.mmdb');
  const moscow = { country: { iso_code: 'RU' }, city: { names: { en: 'Moscow' } } };
  await writeFile(places, mmdbOf({ '203.0.113.0/24': moscow }));
  database = await createTestDatabase();
  const settings = { DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl') };
  first = await startService({ ...settings, GEOIP_DATABASE: places });
  second = await startService(settings);
});
afterAll(async () => {
  await first?.stop();
  await second?.stop();
  await database?.drop();
  await rm(directory, { recursive: true, force: true });
});

/** A login of somebody, from a device that a service forwards. */
async function logIn(login: string, userAgent = '', address = '') {
  const metadata = Metadata({ 'x-user-agent': userAgent, 'x-forwarded-for': address });
  return tokensOf(await first.auth.login({ login, password: PASSWORD }, { metadata }));
}
const list = async (accessToken: string) => (await first.sessions.listSessions({}, bearer(accessToken))).sessions;
const idsOf = async (accessToken: string) => (await list(accessToken)).map(({ sessionId }) => sessionId);
const end = (sessionId: string, accessToken: string) => first.sessions.endSession({ sessionId }, bearer(accessToken));
const used = (sessionId: string, ago: string) =>
  database.query('update auth.sessions set last_used_at = now() - $2::interval where id = $1', [sessionId, ago]);
const eventsOf = (sessionId: string) =>
  database.query("select data from auth.outbox_events where type = 'session.ended' and session_id = $1", [sessionId]);

describe('ListSessions', () => {
  it('shows a login with its device, its address, its place and its times', async () => {
    const before = Date.now();
    const person = await register(first);
    const { accessToken, sessionId } = await logIn(person.secondLogin, ANDROID, '203.0.113.7');
    const [session] = await list(accessToken);
    expect(session).toEqual({
      sessionId,
      deviceName: 'Chrome on Android',
      userAgent: ANDROID,
      ipAddress: '203.0.113.7',
      location: { country: 'RU', city: 'Moscow' },
      interface: '',
      createTime: expect.any(Date),
      lastActivityTime: session?.createTime,
      expireTime: expect.any(Date),
      current: true,
    });
    expect(session?.createTime?.getTime()).toBeGreaterThan(before - 1000);
    // At the latest: SESSION_LIFETIME, not that of its refresh token.
    expect(session!.expireTime!.getTime() - session!.createTime!.getTime()).toBeGreaterThan(29 * 86_400_000);
  });

  it('says nothing of what it cannot know', async () => {
    const person = await register(first);
    const { accessToken } = await logIn(person.secondLogin, 'my own program', '10.0.0.1');
    expect((await list(accessToken))[0]).toMatchObject({ deviceName: '', location: undefined, ipAddress: '10.0.0.1' });
    const elsewhere = await second.sessions.listSessions({}, bearer(accessToken));
    expect(elsewhere.sessions[0]).toMatchObject({ location: undefined });
  });

  it('names the front end of a registration', async () => {
    const { tokens } = await register(first, { interface: 'customer' });
    expect(await list(tokens.accessToken)).toMatchObject([{ interface: 'customer', current: true }]);
  });

  it('shows this one first, and the others by last activity', async () => {
    const person = await register(first);
    const others = [await logIn(person.secondLogin), await logIn(person.secondLogin), await logIn(person.secondLogin)];
    await used(person.tokens.sessionId, '3 hours');
    await used(others[0]!.sessionId, '1 hour');
    await used(others[1]!.sessionId, '2 hours');
    const sessions = await list(person.tokens.accessToken);
    expect(sessions.map(({ sessionId }) => sessionId)).toEqual([
      person.tokens.sessionId,
      others[2]!.sessionId,
      others[0]!.sessionId,
      others[1]!.sessionId,
    ]);
    expect(sessions.map(({ current }) => current)).toEqual([true, false, false, false]);
  });

  it("shows nobody else's, and none that is over", async () => {
    const somebodyElse = await register(first);
    const person = await register(first);
    const { accessToken, sessionId } = person.tokens;
    const [ended, expired, unrefreshed] = [
      await logIn(person.secondLogin),
      await logIn(person.secondLogin),
      await logIn(person.secondLogin),
    ];
    expect(await idsOf(accessToken)).toHaveLength(4);
    await first.auth.logout({}, bearer(ended.accessToken));
    await database.query('update auth.sessions set expires_at = now() where id = $1', [expired.sessionId]);
    await database.query('update auth.refresh_tokens set expires_at = now() where session_id = $1', [
      unrefreshed.sessionId,
    ]);
    expect(await idsOf(accessToken)).toEqual([sessionId]);
    expect(await idsOf(somebodyElse.tokens.accessToken)).toEqual([somebodyElse.tokens.sessionId]);
  });

  it('shows 100 at the most, this one among them, even if all others were used later', async () => {
    const person = await register(first);
    await openSessions(database, person.userId, 130);
    await used(person.tokens.sessionId, '2 days');
    const sessions = await list(person.tokens.accessToken);
    expect(sessions).toHaveLength(100);
    expect(sessions[0]).toMatchObject({ sessionId: person.tokens.sessionId, current: true });
  });

  it('is for those who are signed in', async () => {
    for (const call of [
      first.sessions.listSessions({}),
      first.sessions.endSession({ sessionId: randomUUID() }),
      first.sessions.endOtherSessions({}),
    ]) {
      expect(await refusalOf(call)).toMatchObject({ reason: 'TOKEN_MISSING' });
    }
  });
});

describe('EndSession', () => {
  it('ends it on every replica, and the caller goes on', async () => {
    const person = await register(first);
    const other = await logIn(person.secondLogin);
    expect(await problemOf(second, other.accessToken)).toBeNull();
    const { revision } = await end(other.sessionId, person.tokens.accessToken);
    expect(revision).toBeGreaterThan(0);
    expect(await problemOf(second, other.accessToken)).toBe('TOKEN_REVOKED');
    expect(await refusalOf(first.auth.refresh({ refreshToken: other.refreshToken }))).toMatchObject({
      reason: 'SESSION_ENDED',
    });
    expect(await problemOf(second, person.tokens.accessToken)).toBeNull();
    expect(await idsOf(person.tokens.accessToken)).toEqual([person.tokens.sessionId]);
    expect(await eventsOf(other.sessionId)).toEqual([{ data: { trigger: 'session_ended', ended_sessions: 1 } }]);
  });

  it('holds on the other replica when it has answered: 100 ends, 0 positives', async () => {
    const person = await register(first);
    const others = await Promise.all(
      (await openSessions(database, person.userId, 100)).map(async ({ refreshToken }) =>
        tokensOf(await first.auth.refresh({ refreshToken })),
      ),
    );
    await Promise.all(others.map(({ accessToken }) => second.auth.validateToken({ accessToken })));
    const positives = await Promise.all(
      others.map(async ({ sessionId, accessToken }) => {
        await end(sessionId, person.tokens.accessToken);
        return (await problemOf(second, accessToken)) === null;
      }),
    );
    expect(positives.filter(Boolean)).toHaveLength(0);
  });

  it('may end the one that asks', async () => {
    const { tokens } = await register(first);
    await end(tokens.sessionId, tokens.accessToken);
    expect(await problemOf(second, tokens.accessToken)).toBe('TOKEN_REVOKED');
    expect(await refusalOf(end(tokens.sessionId, tokens.accessToken))).toMatchObject({ reason: 'TOKEN_REVOKED' });
  });

  it('answers a repeat as the first call, 50 at once too, and tells it once', async () => {
    const person = await register(first);
    const other = await logIn(person.secondLogin);
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => end(other.sessionId, person.tokens.accessToken)),
    );
    answers.push(await end(other.sessionId.toUpperCase(), person.tokens.accessToken));
    const firstRevision = Math.min(...answers.map(({ revision }) => revision));
    // Whoever waits for the first one's revision knows all that there is to know of the session.
    const known = await second.auth.validateToken({
      accessToken: other.accessToken,
      consistency: { requirement: { $case: 'atLeastAsFresh', value: firstRevision } },
    });
    expect(known.result).toMatchObject({ $case: 'problem' });
    expect(await eventsOf(other.sessionId)).toHaveLength(1);
  });

  it("does not know somebody else's: the same answer as for one that does not exist", async () => {
    const owner = await register(first);
    const stranger = await register(first);
    const theirs = await refusalOf(end(owner.tokens.sessionId, stranger.tokens.accessToken));
    const nobodys = await refusalOf(end(randomUUID(), stranger.tokens.accessToken));
    expect(theirs).toMatchObject({ status: 'NOT_FOUND', reason: 'SESSION_NOT_FOUND', metadata: {} });
    expect({ ...theirs, requestId: '' }).toEqual({ ...nobodys, requestId: '' });
    expect(await problemOf(first, owner.tokens.accessToken)).toBeNull();

    await first.auth.logout({}, bearer(owner.tokens.accessToken));
    const over = await refusalOf(end(owner.tokens.sessionId, stranger.tokens.accessToken));
    expect({ ...over, requestId: '' }).toEqual({ ...nobodys, requestId: '' });
  });

  it.each(['', 'session', `${randomUUID()}0`, 'g'.repeat(36), `{${randomUUID()}}`, 'x'.repeat(10_000), 'a\u0000b'])(
    'wants a UUID, not %j',
    async (sessionId) => {
      const { tokens } = await register(first);
      expect(await refusalOf(end(sessionId, tokens.accessToken))).toMatchObject({
        reason: 'INVALID_REQUEST',
        fields: ['session_id'],
      });
    },
  );
});

describe('EndOtherSessions', () => {
  it('ends all but this one, on every replica, as Logout does', async () => {
    const person = await register(first);
    const others = [await logIn(person.secondLogin), await logIn(person.secondLogin)];
    const bystander = await register(first);
    const answer = await first.sessions.endOtherSessions({}, bearer(person.tokens.accessToken));
    expect(answer.endedSessions).toBe(2);
    for (const other of others) expect(await problemOf(second, other.accessToken)).toBe('TOKEN_REVOKED');
    expect(await problemOf(second, person.tokens.accessToken)).toBeNull();
    expect(await problemOf(second, bystander.tokens.accessToken)).toBeNull();
    const [event] = await database.query<{ data: unknown }>(
      "select data from auth.outbox_events where type = 'session.ended' and user_id = $1",
      [person.userId],
    );
    expect(event?.data).toEqual({ trigger: 'logout_others', ended_sessions: 2 });

    const again = await first.sessions.endOtherSessions({}, bearer(person.tokens.accessToken));
    expect(again.endedSessions).toBe(0);
    expect(again.revision).toBeGreaterThanOrEqual(answer.revision);
  });
});

describe('A GeoIP database that is not there', () => {
  it('stops the start, and the setting is named', async () => {
    const missing = path.join(directory, 'missing.mmdb');
    const start = startService({ DATABASE_URL: database.serviceUrl, GEOIP_DATABASE: missing });
    await expect(start).rejects.toThrow(`GEOIP_DATABASE (${missing}) cannot be read`);
  });
});
