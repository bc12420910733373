import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { outcomeOf } from '../../support/outcome.ts';
import { PASSWORD, bearer, newPerson, register, tokensOf } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import { beginRegistration, newForm } from '../../support/registrations.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { problemOf } from '../../support/validation.ts';

const GUESTS = 10;
const RIVALS = 8;

describe('A guest who has logged out', () => {
  let database: TestDatabase;
  let service: TestService;
  beforeAll(async () => {
    database = await createTestDatabase();
    service = await startService({ DATABASE_URL: database.serviceUrl, BCRYPT_COST: '10' });
  });
  afterAll(async () => {
    await service?.stop();
    await database?.drop();
  });

  it('is nobody’s any more, even where the registration or login had begun before: 10 times each', async () => {
    const { secondLogin: login } = await register(service);
    const outcomes: string[] = [];
    for (let round = 0; round < 10; round += 1) {
      for (const begin of [
        (guestAccessToken: string) => service.auth.register(newPerson({ guestAccessToken })),
        (guestAccessToken: string) => service.auth.login({ login, password: PASSWORD, guestAccessToken }),
      ]) {
        const { accessToken } = tokensOf(await service.auth.startGuestSession({ interface: 'customer' }));
        const call = outcomeOf(begin(accessToken));
        // While the hash is computed, which takes longer.
        await delay(5);
        await service.auth.logout({}, bearer(accessToken));
        outcomes.push(await call);
      }
    }
    expect(new Set(outcomes)).toEqual(new Set(['UNAUTHENTICATED TOKEN_REVOKED']));
  });
});

describe('A guest', () => {
  let database: TestDatabase;
  let service: TestService;
  let other: TestService;

  beforeAll(async () => {
    database = await createTestDatabase();
    const settings = { DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl'), HASH_CONCURRENCY: '4' };
    service = await startService(settings);
    other = await startService(settings);
  });
  afterAll(async () => {
    await service?.stop();
    await other?.stop();
    await database?.drop();
  });

  it('has a session, the role of guests and nothing else', async () => {
    const guest = await newGuest();
    expect(guest.roles).toEqual(['guest']);
    expect(await problemOf(service, guest.accessToken)).toBeNull();
    const { roles } = await service.accounts.listRoles({ interface: 'customer' }, bearer(guest.accessToken));
    expect(roles.map(({ name }) => name)).toEqual(['guest']);
    expect(await contactsOf(guest.userId)).toBe(0);
    expect(await eventsOf(guest.userId)).toEqual([
      { type: 'guest.created', data: { interface: 'customer', roles: ['guest'] }, session_id: guest.sessionId },
    ]);
    const refreshed = tokensOf(await service.auth.refresh({ refreshToken: guest.refreshToken }));
    await service.auth.logout({}, bearer(refreshed.accessToken));
    expect(await problemOf(other, refreshed.accessToken)).toBe('TOKEN_REVOKED');
  });

  it('cannot add a contact: he registers instead', async () => {
    const guest = await newGuest();
    for (const contact of [
      { type: 'email', value: `${randomUUID()}@example.com` },
      { type: 'second_login', value: `guest-${randomUUID().slice(0, 8)}` },
    ]) {
      const refusal = await refusalOf(service.accounts.addContact(contact, bearer(guest.accessToken)));
      expect(refusal.reason).toBe('ACCOUNT_REQUIRED');
    }
    expect(await contactsOf(guest.userId)).toBe(0);
  });

  it.each([
    ['driver', 'PERMISSION_DENIED ROLE_NOT_ASSIGNABLE'],
    ['staff', 'PERMISSION_DENIED INTERFACE_NOT_ALLOWED'],
    ['moon', 'INVALID_ARGUMENT INVALID_REQUEST'],
    ['', 'INVALID_ARGUMENT INVALID_REQUEST'],
    ['customer\u0000', 'INVALID_ARGUMENT INVALID_REQUEST'],
  ])('there is none on the interface %j', async (name, outcome) => {
    const before = await database.query('select from accounts.users');
    expect(await outcomeOf(service.auth.startGuestSession({ interface: name }))).toBe(outcome);
    expect(await database.query('select from accounts.users')).toHaveLength(before.length);
  });

  it('there is none while the role of guests is switched off', async () => {
    await database.query("update accounts.user_groups set is_active = false where name = 'guest'");
    try {
      const outcome = await outcomeOf(service.auth.startGuestSession({ interface: 'customer' }));
      expect(outcome).toBe('PERMISSION_DENIED ROLE_NOT_ASSIGNABLE');
    } finally {
      await database.query("update accounts.user_groups set is_active = true where name = 'guest'");
    }
  });

  describe.each([
    ['Register', 'form'],
    ['FinishRegistration', 'link'],
  ] as const)('who registers by %s', (_, way) => {
    it('keeps his user id, and what he held as a guest is dead everywhere when the answer is there', async () => {
      const guest = await newGuest();
      const second = tokensOf(await service.auth.refresh({ refreshToken: guest.refreshToken }));
      const answer = await registerBy(way, second.accessToken);
      expect([answer.userId, answer.roles]).toEqual([guest.userId, ['customer']]);
      for (const replica of [service, other]) {
        for (const token of [guest.accessToken, second.accessToken]) {
          expect(await problemOf(replica, token)).toBe('TOKEN_REVOKED');
        }
        expect(await problemOf(replica, tokensOf(answer).accessToken)).toBeNull();
      }
      expect((await refusalOf(service.auth.refresh(second))).reason).toBe('SESSION_ENDED');
      tokensOf(await service.auth.refresh(tokensOf(answer)));
      expect((await eventsOf(guest.userId)).map(({ type, data }) => [type, data.trigger])).toEqual([
        ['guest.created', undefined],
        ['user.registered', undefined],
        ['guest.upgraded', undefined],
        ['session.ended', 'guest_upgraded'],
      ]);
      const signedIn = bearer(tokensOf(answer).accessToken);
      const { roles } = await service.accounts.listRoles({ interface: 'customer' }, signedIn);
      expect(roles.map(({ name }) => name)).toEqual(['customer']);
    });

    it('keeps what he has told of himself, unless he tells it anew', async () => {
      const guest = await newGuest();
      await database.query(
        `update accounts.users set display_name = 'The Guest', country = 'FR', language = 'ru', profile = '{"cart": 1}'
          where id = $1`,
        [guest.userId],
      );
      await registerBy(way, guest.accessToken);
      const [user] = await database.query(
        'select display_name, country, language, profile, is_guest from accounts.users where id = $1',
        [guest.userId],
      );
      expect(user).toEqual({
        ...(way === 'form'
          ? { display_name: 'The Guest', country: 'FR' }
          : { display_name: 'Ada Lovelace', country: 'GB' }),
        language: 'ru',
        profile: { cart: 1 },
        is_guest: false,
      });
    });

    it('is refused with the token of somebody else, or a bad one, and nothing is created', async () => {
      const person = await register(service);
      const ended = await newGuest();
      await service.auth.logout({}, bearer(ended.accessToken));
      const before = await database.query('select from accounts.users');
      for (const [token, reason] of [
        [person.tokens.accessToken, 'GUEST_TOKEN_REQUIRED'],
        [ended.accessToken, 'TOKEN_REVOKED'],
        ['no token', 'TOKEN_MALFORMED'],
        ['x'.repeat(100_000), 'TOKEN_MALFORMED'],
        [ended.refreshToken, 'TOKEN_MALFORMED'],
        [`${ended.accessToken.slice(0, -6)}AAAAAA`, 'TOKEN_SIGNATURE_INVALID'],
      ] as const) {
        expect((await refusalOf(registerBy(way, token))).reason).toBe(reason);
      }
      expect(await database.query('select from accounts.users')).toHaveLength(before.length);
      expect(await problemOf(service, person.tokens.accessToken)).toBeNull();
    });

    it('stays a guest where the registration is refused', async () => {
      const guest = await newGuest();
      const taken = await register(service);
      const secondLogin = taken.secondLogin;
      expect((await refusalOf(registerBy(way, guest.accessToken, secondLogin))).reason).toBe(
        'REGISTER_USER_ALREADY_EXISTS',
      );
      expect(await problemOf(service, guest.accessToken)).toBeNull();
      expect((await registerBy(way, guest.accessToken)).userId).toBe(guest.userId);
    });

    it('is registered by a call without an authorization of its own; a header does not count', async () => {
      const guest = await newGuest();
      const answer = await service.auth.register(newPerson(), bearer(guest.accessToken));
      expect(answer.userId).not.toBe(guest.userId);
      expect(await problemOf(service, guest.accessToken)).toBeNull();
    });
  });

  it('who logs in to an account is linked to it in an event, and ends everywhere', async () => {
    const person = await register(service);
    const guest = await newGuest();
    const login = { login: person.secondLogin, password: PASSWORD, guestAccessToken: guest.accessToken };
    const answer = await service.auth.login(login);
    expect(answer.userId).toBe(person.userId);
    for (const replica of [service, other]) expect(await problemOf(replica, guest.accessToken)).toBe('TOKEN_REVOKED');
    expect((await refusalOf(service.auth.refresh({ refreshToken: guest.refreshToken }))).reason).toBe('SESSION_ENDED');
    expect(
      await database.query("select user_id, data, session_id from auth.outbox_events where type = 'guest.linked'"),
    ).toEqual([
      { user_id: person.userId, data: { guest_user_id: guest.userId }, session_id: tokensOf(answer).sessionId },
    ]);
    expect((await refusalOf(registerBy('form', guest.accessToken))).reason).toBe('TOKEN_REVOKED');
    const ownToken = { ...login, guestAccessToken: tokensOf(answer).accessToken };
    expect((await refusalOf(service.auth.login(ownToken))).reason).toBe('GUEST_TOKEN_REQUIRED');
    expect(await problemOf(service, tokensOf(answer).accessToken)).toBeNull();
  });

  it('who registers twice with one idempotency key gets the same answer, though his token is dead', async () => {
    const guest = await newGuest();
    const request = newPerson({ guestAccessToken: guest.accessToken, idempotencyKey: randomUUID() });
    const first = await service.auth.register(request);
    expect(first.userId).toBe(guest.userId);
    expect(await problemOf(service, guest.accessToken)).toBe('TOKEN_REVOKED');
    expect(await other.auth.register(request)).toEqual(first);
  });

  it('who registers with one key in 8 calls at once gets 8 equal answers, 5 times', async () => {
    for (let round = 0; round < 5; round += 1) {
      const guest = await newGuest();
      const request = newPerson({ guestAccessToken: guest.accessToken, idempotencyKey: randomUUID() });
      const answers = await Promise.all(
        Array.from({ length: RIVALS }, (_, index) => (index % 2 === 0 ? service : other).auth.register({ ...request })),
      );
      for (const answer of answers) expect(answer).toEqual({ ...answers[0], userId: guest.userId });
    }
  });

  it(
    `is registered once, of ${RIVALS} calls at once on two replicas, ${GUESTS} times`,
    { timeout: 120_000 },
    async () => {
      for (let round = 0; round < GUESTS; round += 1) {
        const guest = await newGuest();
        const calls = Array.from({ length: RIVALS }, (_, index) =>
          (index % 2 === 0 ? service : other).auth.register(newPerson({ guestAccessToken: guest.accessToken })),
        );
        const outcomes = await Promise.all(calls.map(outcomeOf));
        expect(outcomes.filter((outcome) => outcome === 'OK')).toHaveLength(1);
        expect((await calls[outcomes.indexOf('OK')])?.userId).toBe(guest.userId);
        // Too late to be live, or live and too late to be a guest's.
        for (const outcome of outcomes) {
          expect(['OK', 'FAILED_PRECONDITION GUEST_TOKEN_REQUIRED', 'UNAUTHENTICATED TOKEN_REVOKED']).toContain(
            outcome,
          );
        }
        expect(await contactsOf(guest.userId)).toBe(2);
      }
    },
  );

  it('whose sessions are over is removed with the clean-up, once they are', async () => {
    const [gone, live] = [await newGuest(), await newGuest()];
    for (const { userId } of [gone, live]) {
      await database.query("update accounts.users set created_at = now() - interval '2 days' where id = $1", [userId]);
    }
    await database.query('delete from auth.sessions where user_id = $1', [gone.userId]);
    await database.query("select auth.delete_expired(100, interval '30 days', interval '30 days', interval '30 days')");
    const rows = await database.query<{ id: string }>('select id from accounts.users where id = any ($1)', [
      [gone.userId, live.userId],
    ]);
    expect(rows).toEqual([{ id: live.userId }]);
  });

  async function newGuest() {
    const { userId, roles, tokens } = await service.auth.startGuestSession({ interface: 'customer' });
    return { userId, roles, ...tokensOf({ tokens }) };
  }

  async function registerBy(way: 'form' | 'link', guestAccessToken: string, secondLogin = newPerson().secondLogin) {
    return way === 'form'
      ? await service.auth.register(newPerson({ guestAccessToken, secondLogin }))
      : await service.registration.finishRegistration(
          newForm(await beginRegistration(service, database), { guestAccessToken, secondLogin }),
        );
  }

  async function contactsOf(userId: string): Promise<number> {
    return (await database.query('select from accounts.user_contacts where user_id = $1', [userId])).length;
  }

  async function eventsOf(userId: string) {
    return await database.query<{ type: string; data: { trigger?: string }; session_id: string | null }>(
      'select type, data, session_id from auth.outbox_events where user_id = $1 order by id',
      [userId],
    );
  }
});
