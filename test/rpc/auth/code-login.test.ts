import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { latestCode } from '../../support/challenges.ts';
import { PASSWORD, bearer, newPerson, register, registerConfirmed, tokensOf } from '../../support/people.ts';
import { endPauses, prepareChallenge, wrongCode } from '../../support/prepared-challenges.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { problemOf } from '../../support/validation.ts';

const EXPIRED = { status: 'FAILED_PRECONDITION', reason: 'CODE_EXPIRED', metadata: {} };

describe('Login with a code', () => {
  let database: TestDatabase;
  let service: TestService;
  /** Where phones get accounts. */
  let open: TestService;

  beforeAll(async () => {
    database = await createTestDatabase();
    const settings = { DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl') };
    service = await startService(settings);
    open = await startService({ ...settings, PHONE_REGISTRATION: 'on' });
  });
  afterAll(async () => {
    await service?.stop();
    await open?.stop();
    await database?.drop();
  });

  it.each(['phone', 'email'] as const)('begins a session with the code that was sent to the %s', async (type) => {
    const person = await somebody();
    const started = await service.auth.startCodeLogin({ contact: ` ${person[type].toUpperCase()} ` });
    expect(started).toMatchObject({ lifetime: { seconds: 300, nanos: 0 }, resendDelay: { seconds: 60, nanos: 0 } });
    const messages = await database.query(
      "select channel, template from auth.messages where recipient = $1 and state <> 'suppressed'",
      [person[type]],
    );
    expect(messages).toEqual([{ channel: type === 'phone' ? 'sms' : 'email', template: 'code_login' }]);

    const code = await latestCode(database, person[type]);
    const answer = await service.auth.finishCodeLogin({ handle: started.handle, code });
    expect(answer).toMatchObject({ userId: person.userId, roles: ['customer'], created: false });
    const { accessToken, refreshToken, sessionId } = tokensOf(answer);
    expect(await problemOf(service, accessToken)).toBeNull();
    tokensOf(await service.auth.refresh({ refreshToken }));
    expect(await eventsOf(sessionId)).toEqual([{ type: 'user.logged_in', user_id: person.userId }]);

    // A device that has logged in with a code is known to Login.
    const login = { login: person.secondLogin, password: PASSWORD, deviceToken: answer.deviceToken };
    expect((await service.auth.login(login)).deviceToken).toBe(answer.deviceToken);
  });

  it('works once, and not with the handle of somebody else', async () => {
    const [person, other] = [await somebody(), await somebody()];
    const [first, second] = [await start(person.phone), await start(other.phone)];
    const crossed = first.code === second.code ? wrongCode(first.code) : second.code;
    expect((await refusalOf(finish({ handle: first.handle, code: crossed }))).reason).toBe('CODE_INVALID');
    await finish(first);
    expect(await refusalOf(finish(first))).toMatchObject(EXPIRED);
    await finish(second);
  });

  it('evaluates five codes and no sixth, be it the right one', async () => {
    const { handle, code } = await start((await somebody()).phone);
    for (const left of ['4', '3', '2', '1', '0']) {
      expect(await refusalOf(finish({ handle, code: wrongCode(code) }))).toMatchObject({
        status: 'INVALID_ARGUMENT',
        reason: 'CODE_INVALID',
        metadata: { tries_left: left },
      });
    }
    for (const tried of [code, wrongCode(code)])
      expect(await refusalOf(finish({ handle, code: tried }))).toMatchObject(EXPIRED);
  });

  it('knows one live code: a newer one kills it, and the older one is no guess at the newer', async () => {
    const { phone } = await somebody();
    const older = await start(phone);
    await endPauses(database, phone);
    const newer = await start(phone);
    expect(await refusalOf(finish(older))).toMatchObject(EXPIRED);
    await finish(newer);
  });

  it('refuses a code after its five minutes', async () => {
    const proof = await start((await somebody()).phone);
    await database.query('update auth.challenges set expires_at = now() where id = $1', [proof.handle]);
    expect(await refusalOf(finish(proof))).toMatchObject(EXPIRED);
  });

  it.each(['is_active = false', 'deleted_at = now()'])(
    'refuses an account that is closed meanwhile: %s',
    async (change) => {
      const { phone, userId } = await somebody();
      const proof = await start(phone);
      await database.query(`update accounts.users set ${change} where id = $1`, [userId]);
      expect(await refusalOf(finish(proof))).toMatchObject(EXPIRED);
      expect(await sessionsOf(userId)).toHaveLength(1);
      await endPauses(database, phone);
      expect((await refusalOf(finish(await start(phone)))).reason).toBe('CODE_EXPIRED');
    },
  );

  it('sends nothing to a contact that nobody has confirmed, and lets nobody in with its code', async () => {
    const person = await register(service, { email: `${randomUUID()}@example.com` });
    for (const contact of [person.phone, person.email, '+79110009988', `${randomUUID()}@example.com`]) {
      const proof = await start(contact);
      const messages = await database.query('select state from auth.messages where recipient = $1', [contact]);
      expect(messages).toEqual([{ state: 'suppressed' }]);
      // Wrong ones are answered as for anybody.
      const wrong = await refusalOf(finish({ ...proof, code: wrongCode(proof.code) }));
      expect(wrong).toMatchObject({ reason: 'CODE_INVALID', metadata: { tries_left: '4' } });
      expect(await refusalOf(finish(proof))).toMatchObject(EXPIRED);
    }
    expect(await sessionsOf(person.userId)).toHaveLength(1);
  });

  it('leaves failed passwords counted', async () => {
    const { phone, userId } = await somebody();
    for (let time = 0; time < 3; time += 1) await refusalOf(service.auth.login({ login: phone, password: 'wrong' }));
    await finish(await start(phone));
    const counts = await database.query('select failures from auth.login_attempts where subject = $1', [
      `user:${userId}`,
    ]);
    expect(counts).toEqual([{ failures: 3 }]);
  });

  it.each(['person-1', 'nobody', '', '\u0000', '+7', 'a@b', 'x'.repeat(100_000), `${'a'.repeat(400)}@example.com`])(
    'is not started for what no message can be sent to',
    async (contact) => {
      expect(await refusalOf(service.auth.startCodeLogin({ contact }))).toMatchObject({
        status: 'INVALID_ARGUMENT',
        reason: 'INVALID_REQUEST',
        fields: ['contact'],
      });
    },
  );

  it('says which field is none of a handle and none of a code, and counts no try for it', async () => {
    const { handle, code } = await start((await somebody()).phone);
    for (const bad of ['', '12345', '1234567', 'abcdef', '１２３４５６', '12345\n', '\u0000'.repeat(6)]) {
      expect(await refusalOf(finish({ handle, code: bad }))).toMatchObject({
        reason: 'INVALID_REQUEST',
        fields: ['code'],
      });
    }
    for (const bad of ['', 'x', handle.toUpperCase(), `${handle}0`, `{${handle}}`]) {
      expect(await refusalOf(finish({ handle: bad, code }))).toMatchObject({
        reason: 'INVALID_REQUEST',
        fields: ['handle'],
      });
    }
    expect(await refusalOf(finish({ handle: randomUUID(), code }))).toMatchObject(EXPIRED);
    await finish({ handle, code });
  });

  describe('and the other purposes', () => {
    it('a code to log in with resets no password and confirms nothing', async () => {
      const { phone, userId, tokens } = await somebody();
      const { handle, code } = await start(phone);
      const proof = { $case: 'code', value: { handle, code } } as const;
      const newPassword = 'another good password';
      expect((await refusalOf(service.passwords.finishPasswordReset({ proof, newPassword }))).reason).toBe(
        'CODE_EXPIRED',
      );
      const confirmation = service.accounts.finishContactConfirmation({ proof }, bearer(tokens.accessToken));
      expect((await refusalOf(confirmation)).reason).toBe('CODE_EXPIRED');
      expect((await finish({ handle, code })).userId).toBe(userId);
    });

    it.each(['password_reset', 'contact_confirmation', 'registration'] as const)(
      'a code for %s logs nobody in, and is not used up by the attempt',
      async (purpose) => {
        const { phone, userId } = await somebody();
        const proof = await prepareChallenge(database, { purpose, method: 'code', userId, contact: phone });
        for (const code of [proof.code, wrongCode(proof.code)]) {
          expect(await refusalOf(finish({ handle: proof.handle, code }))).toMatchObject(EXPIRED);
        }
        const rows = await database.query('select tries_left, ended_at from auth.challenges where id = $1', [
          proof.handle,
        ]);
        expect(rows).toEqual([{ tries_left: 5, ended_at: null }]);
      },
    );
  });

  describe('where phones may register', () => {
    it('opens an account for a phone that nobody has, with a role of the interface and no password', async () => {
      const { phone } = newPerson();
      const first = await open.auth.finishCodeLogin({ ...(await start(phone, open)), interface: 'driver' });
      expect(first).toMatchObject({ roles: ['driver'], created: true });
      expect(await eventsOf(tokensOf(first).sessionId)).toEqual([{ type: 'user.registered', user_id: first.userId }]);
      const contacts = await database.query(
        'select type, value, is_primary, confirmed_at is not null as is_confirmed from accounts.user_contacts where user_id = $1',
        [first.userId],
      );
      expect(contacts).toEqual([{ type: 'phone', value: phone, is_primary: true, is_confirmed: true }]);
      const login = await refusalOf(open.auth.login({ login: phone, password: PASSWORD }));
      expect(login.reason).toBe('CREDENTIALS_INVALID');

      // The next time he has one. The code was used, so that there is no pause.
      const second = await open.auth.finishCodeLogin(await start(phone, open));
      expect(second).toMatchObject({ userId: first.userId, created: false });
    });

    it('asks for the interface without using the code up', async () => {
      const { phone } = newPerson();
      const proof = await start(phone, open);
      for (const name of ['', 'nowhere', 'Customer', '\u0000']) {
        expect(await refusalOf(open.auth.finishCodeLogin({ ...proof, interface: name }))).toMatchObject({
          reason: 'INVALID_REQUEST',
          fields: ['interface'],
        });
      }
      const notAllowed = await refusalOf(open.auth.finishCodeLogin({ ...proof, interface: 'staff' }));
      expect(notAllowed).toMatchObject({ status: 'PERMISSION_DENIED', reason: 'INTERFACE_NOT_ALLOWED' });
      expect((await open.auth.finishCodeLogin({ ...proof, interface: 'customer' })).created).toBe(true);
    });

    it('opens none where the interface has no role to give, and says so in an event', async () => {
      await database.query(
        "update accounts.user_group_registrations set is_default = false where interface = 'courier'",
      );
      const { phone } = newPerson();
      const proof = await start(phone, open);
      const refusal = await refusalOf(open.auth.finishCodeLogin({ ...proof, interface: 'courier' }));
      expect(refusal).toMatchObject({ status: 'PERMISSION_DENIED', reason: 'ROLE_NOT_ASSIGNABLE' });
      const events = await database.query(
        "select data ->> 'reason' as reason from auth.outbox_events where type = 'registration.refused' and data ->> 'interface' = 'courier'",
      );
      expect(events).toEqual([{ reason: 'ROLE_NOT_ASSIGNABLE' }]);
      expect(await database.query('select from accounts.user_contacts where value = $1', [phone])).toEqual([]);
      expect((await open.auth.finishCodeLogin({ ...proof, interface: 'customer' })).created).toBe(true);
    });

    it('opens none for an e-mail address', async () => {
      const email = `${randomUUID()}@example.com`;
      const proof = await start(email, open);
      expect(await database.query('select state from auth.messages where recipient = $1', [email])).toEqual([
        { state: 'suppressed' },
      ]);
      expect(await refusalOf(open.auth.finishCodeLogin({ ...proof, interface: 'customer' }))).toMatchObject(EXPIRED);
    });

    it('opens none for a phone that somebody has confirmed meanwhile', async () => {
      const { phone } = newPerson();
      const proof = await start(phone, open);
      const { userId } = await registerConfirmed(service, database, { phone });
      expect(await refusalOf(open.auth.finishCodeLogin({ ...proof, interface: 'customer' }))).toMatchObject(EXPIRED);
      const owners = await database.query('select user_id from accounts.user_contacts where value = $1', [phone]);
      expect(owners).toEqual([{ user_id: userId }]);
    });

    it('opens none where the replica that is asked does not let phones register', async () => {
      const proof = await start(newPerson().phone, open);
      expect(await refusalOf(finish({ ...proof, interface: 'customer' }))).toMatchObject(EXPIRED);
    });
  });

  describe('of a guest', () => {
    it('makes the guest a customer, who keeps his user id', async () => {
      const guest = await open.auth.startGuestSession({ interface: 'customer' });
      const guestAccessToken = tokensOf(guest).accessToken;
      const proof = await start(newPerson().phone, open);
      const answer = await open.auth.finishCodeLogin({ ...proof, interface: 'customer', guestAccessToken });
      expect(answer).toMatchObject({ userId: guest.userId, roles: ['customer'], created: true });
      expect(await problemOf(open, guestAccessToken)).toBe('TOKEN_REVOKED');
      expect(await problemOf(service, guestAccessToken)).toBe('TOKEN_REVOKED');
      expect(await problemOf(open, tokensOf(answer).accessToken)).toBeNull();
    });

    it('links him to the account that there is, with a code and with a password', async () => {
      const person = await somebody();
      const ways = [
        async (guestAccessToken: string) =>
          await service.auth.finishCodeLogin({ ...(await start(person.phone)), guestAccessToken }),
        async (guestAccessToken: string) =>
          await service.auth.login({ login: person.phone, password: PASSWORD, guestAccessToken }),
      ];
      for (const logIn of ways) {
        const guest = await service.auth.startGuestSession({ interface: 'customer' });
        const answer = await logIn(tokensOf(guest).accessToken);
        expect(answer.userId).toBe(person.userId);
        expect(await problemOf(open, tokensOf(guest).accessToken)).toBe('TOKEN_REVOKED');
        const events = await database.query(
          "select session_id, data from auth.outbox_events where type = 'guest.linked' and user_id = $1 order by id desc limit 1",
          [person.userId],
        );
        const data = { guest_user_id: guest.userId };
        expect(events).toEqual([{ session_id: tokensOf(answer).sessionId, data }]);
      }
    });

    it('takes no other token than a live one of a guest, and what was shown stays good', async () => {
      const person = await somebody();
      const gone = await service.auth.startGuestSession({ interface: 'customer' });
      await service.auth.logout({}, bearer(tokensOf(gone).accessToken));
      const tokens = {
        GUEST_TOKEN_REQUIRED: person.tokens.accessToken,
        TOKEN_REVOKED: tokensOf(gone).accessToken,
        TOKEN_MALFORMED: 'not a token',
      };
      const proof = await start(person.phone);
      const newcomer = await start(newPerson().phone, open);
      for (const [reason, guestAccessToken] of Object.entries(tokens)) {
        const calls = [
          () => finish({ ...proof, guestAccessToken }),
          () => open.auth.finishCodeLogin({ ...newcomer, interface: 'customer', guestAccessToken }),
          () => service.auth.login({ login: person.phone, password: PASSWORD, guestAccessToken }),
        ];
        for (const call of calls) expect((await refusalOf(call())).reason).toBe(reason);
      }
      // The password was right: none of these was a failed login.
      const counts = await database.query('select failures from auth.login_attempts where subject = $1', [
        `user:${person.userId}`,
      ]);
      expect(counts).toEqual([{ failures: 0 }]);
      expect(await sessionsOf(person.userId)).toHaveLength(1);
      await finish(proof);
      await open.auth.finishCodeLogin({ ...newcomer, interface: 'customer' });
    });
  });

  it('logs neither code nor contact', async () => {
    const { phone } = await somebody();
    const from = service.logLines.length;
    const { handle, code } = await start(phone);
    await refusalOf(finish({ handle, code: wrongCode(code) }));
    const { tokens, deviceToken } = await finish({ handle, code });
    const logged = JSON.stringify(service.logLines.slice(from));
    expect(logged).toContain('FinishCodeLogin');
    for (const secret of [phone.slice(1), `"${code}"`, tokens?.accessToken ?? '', deviceToken]) {
      expect(logged).not.toContain(secret);
    }
  });

  function somebody() {
    return registerConfirmed(service, database, { email: `${randomUUID()}@example.com` });
  }

  async function start(contact: string, at = service): Promise<{ handle: string; code: string }> {
    const { handle } = await at.auth.startCodeLogin({ contact });
    return { handle, code: await latestCode(database, contact) };
  }

  function finish(request: Parameters<TestService['auth']['finishCodeLogin']>[0]) {
    return service.auth.finishCodeLogin(request);
  }

  function sessionsOf(userId: string) {
    return database.query('select from auth.sessions where user_id = $1', [userId]);
  }

  function eventsOf(sessionId: string) {
    return database.query('select type, user_id from auth.outbox_events where session_id = $1', [sessionId]);
  }
});
