import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { confirmContacts, latestCode } from '../../support/challenges.ts';
import { PASSWORD, bearer, newPerson, register, tokensOf } from '../../support/people.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { prepareChallenge } from '../../support/prepared-challenges.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { problemOf } from '../../support/validation.ts';

const NEXT = 'another horse battery';

/** What can be no password: the field is wrong. */
const HOSTILE = [
  'a\u0000bcdefgh',
  'with a\nnew line',
  'tab\tulated',
  '\u007fdelete me',
  'broken \uFFFD text',
  'half \ud83d of one',
];

describe('Passwords of somebody who is signed in', () => {
  let database: TestDatabase;
  let service: TestService;
  let second: TestService;

  beforeAll(async () => {
    database = await createTestDatabase();
    const settings = { DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl'), PHONE_REGISTRATION: 'on' };
    service = await startService(settings);
    second = await startService(settings);
  });
  afterAll(async () => {
    await service?.stop();
    await second?.stop();
    await database?.drop();
  });

  describe('ChangePassword', () => {
    it('replaces the password, ends all other sessions on every replica, and spares this one', async () => {
      const person = await somebody();
      const others = await Promise.all(
        [1, 2, 3].map(async () => tokensOf(await service.auth.login({ login: person.phone, password: PASSWORD }))),
      );
      for (const { accessToken } of others) expect(await problemOf(second, accessToken)).toBeNull();
      const answer = await change(person, PASSWORD, NEXT);
      expect(answer.endedSessions).toBe(3);
      expect(answer.revision).toBeGreaterThan(0);
      for (const { accessToken, refreshToken } of others) {
        expect(await problemOf(second, accessToken)).toBe('TOKEN_REVOKED');
        expect((await refusalOf(second.auth.refresh({ refreshToken }))).reason).toBe('SESSION_ENDED');
      }
      expect(await problemOf(second, person.tokens.accessToken)).toBeNull();
      await service.auth.refresh({ refreshToken: person.tokens.refreshToken });

      expect(await outcomeOf(service.auth.login({ login: person.phone, password: PASSWORD }))).toBe(
        'UNAUTHENTICATED CREDENTIALS_INVALID',
      );
      await service.auth.login({ login: person.phone, password: NEXT });
      const events = await database.query(
        "select type, session_id, data from auth.outbox_events where user_id = $1 and type like 'password.%'",
        [person.userId],
      );
      expect(events).toEqual([{ type: 'password.changed', session_id: person.tokens.sessionId, data: {} }]);
      const notices = await database.query(
        "select template from auth.messages where recipient = $1 and state <> 'suppressed'",
        [person.email],
      );
      expect(notices).toEqual([{ template: 'password_changed' }]);
    });

    it('kills codes and links that are on their way', async () => {
      const person = await somebody();
      const { userId } = person;
      const [code, link, reset] = [
        await prepareChallenge(database, { purpose: 'code_login', method: 'code', userId }),
        await prepareChallenge(database, { purpose: 'password_reset', method: 'link', userId }),
        await prepareChallenge(database, { purpose: 'password_reset', method: 'code', userId }),
      ];
      await change(person, PASSWORD, NEXT);
      expect((await refusalOf(service.auth.finishCodeLogin(code))).reason).toBe('CODE_EXPIRED');
      const proofs = [
        { $case: 'token', value: link.token },
        { $case: 'code', value: reset },
      ] as const;
      for (const proof of proofs) {
        const refusal = await refusalOf(service.passwords.finishPasswordReset({ proof, newPassword: PASSWORD }));
        expect(refusal.reason).toMatch(/^(LINK_INVALID|CODE_EXPIRED)$/);
      }
    });

    it('counts wrong current passwords for this session alone: ten of 50 at once are evaluated', async () => {
      const person = await somebody();
      const guesses = await Promise.all(
        Array.from({ length: 50 }, () => outcomeOf(change(person, 'not the password', NEXT))),
      );
      expect(countOf(guesses)).toEqual({
        'PERMISSION_DENIED CURRENT_PASSWORD_WRONG': 10,
        'RESOURCE_EXHAUSTED LOGIN_THROTTLED': 40,
      });
      expect(await outcomeOf(change(person, PASSWORD, NEXT))).toBe('RESOURCE_EXHAUSTED LOGIN_THROTTLED');
      // The account is not blocked by it, and another session changes the password.
      const { tokens } = await service.auth.login({ login: person.phone, password: PASSWORD });
      await change({ tokens: tokensOf({ tokens }) }, PASSWORD, NEXT);
    });

    it('is not kept from the owner by strangers who guess', async () => {
      const person = await somebody();
      await Promise.all(
        Array.from({ length: 20 }, () => refusalOf(service.auth.login({ login: person.phone, password: 'wrong' }))),
      );
      expect(await outcomeOf(service.auth.login({ login: person.phone, password: PASSWORD }))).toContain('THROTTLED');
      await change(person, PASSWORD, NEXT);
    });

    it('answers a repeat with CURRENT_PASSWORD_WRONG, and forgets failures with a success', async () => {
      const person = await somebody();
      await change(person, PASSWORD, NEXT);
      expect((await refusalOf(change(person, PASSWORD, NEXT))).reason).toBe('CURRENT_PASSWORD_WRONG');
      for (let round = 0; round < 2; round += 1) {
        for (let time = 0; time < 6; time += 1) await refusalOf(change(person, PASSWORD, NEXT));
        await change(person, NEXT, NEXT);
      }
    });

    it('of eight at once, one wins', async () => {
      const person = await somebody();
      const wanted = Array.from({ length: 8 }, (_, index) => `${NEXT} ${index}`);
      const outcomes = await Promise.all(wanted.map((next) => outcomeOf(change(person, PASSWORD, next))));
      expect(countOf(outcomes)).toEqual({ OK: 1, 'PERMISSION_DENIED CURRENT_PASSWORD_WRONG': 7 });
      await service.auth.login({ login: person.phone, password: wanted[outcomes.indexOf('OK')] ?? '' });
    });

    it('survives that a login raises the cost of the hash at the same moment', async () => {
      const person = await somebody();
      await meanwhile(`user:${person.userId}:session:${person.tokens.sessionId}`, person.userId);
      await change(person, PASSWORD, NEXT);
      await service.auth.login({ login: person.phone, password: NEXT });
    });

    it('says that there is no password', async () => {
      const { tokens } = await phoneOnly();
      expect(await refusalOf(change({ tokens }, PASSWORD, NEXT))).toMatchObject({
        status: 'FAILED_PRECONDITION',
        reason: 'PASSWORD_NOT_SET',
      });
    });

    it('refuses a session that was ended', async () => {
      const person = await somebody();
      await service.auth.logout({}, bearer(person.tokens.accessToken));
      expect((await refusalOf(change(person, PASSWORD, NEXT))).reason).toBe('TOKEN_REVOKED');
      await service.auth.login({ login: person.phone, password: PASSWORD });
    });

    it('takes no attempt for a request that cannot be carried out', async () => {
      const person = await somebody();
      for (let time = 0; time < 12; time += 1) await refusalOf(change(person, 'not the password', 'short'));
      await change(person, PASSWORD, NEXT);
    });
  });

  describe('SetPassword', () => {
    it('gives an account its first password, and sessions go on', async () => {
      const { phone, userId, tokens } = await phoneOnly();
      const hasPassword = async () => (await second.accounts.getProfile({}, bearer(tokens.accessToken))).hasPassword;
      expect(await hasPassword()).toBe(false);
      expect(await set(tokens, NEXT)).toEqual({});
      expect(await hasPassword()).toBe(true);
      expect(await problemOf(second, tokens.accessToken)).toBeNull();
      expect((await service.auth.login({ login: phone, password: NEXT })).userId).toBe(userId);
      expect(await refusalOf(set(tokens, PASSWORD))).toMatchObject({
        status: 'FAILED_PRECONDITION',
        reason: 'PASSWORD_ALREADY_SET',
      });
      const events = await database.query(
        "select type, session_id from auth.outbox_events where user_id = $1 and type like 'password.%'",
        [userId],
      );
      expect(events).toEqual([{ type: 'password.set', session_id: tokens.sessionId }]);
    });

    it('of eight at once, one wins', async () => {
      const { phone, tokens } = await phoneOnly();
      const wanted = Array.from({ length: 8 }, (_, index) => `${NEXT} ${index}`);
      const outcomes = await Promise.all(wanted.map((next) => outcomeOf(set(tokens, next))));
      expect(countOf(outcomes)).toEqual({ OK: 1, 'FAILED_PRECONDITION PASSWORD_ALREADY_SET': 7 });
      await service.auth.login({ login: phone, password: wanted[outcomes.indexOf('OK')] ?? '' });
    });

    it('is not for guests', async () => {
      const { tokens } = await service.auth.startGuestSession({ interface: 'customer' });
      expect(await refusalOf(set(tokensOf({ tokens }), NEXT))).toMatchObject({
        status: 'FAILED_PRECONDITION',
        reason: 'ACCOUNT_REQUIRED',
      });
    });

    it('needs a recent login', async () => {
      const { tokens } = await phoneOnly();
      await database.query("update auth.sessions set created_at = now() - interval '6 minutes' where id = $1", [
        tokens.sessionId,
      ]);
      expect((await refusalOf(set(tokens, NEXT))).reason).toBe('RECENT_LOGIN_REQUIRED');
    });
  });

  describe('A new password', () => {
    it('must be good enough: long, not well known, none of the own names', async () => {
      const person = await somebody();
      await database.query("update accounts.users set display_name = 'Grace Hopper' where id = $1", [person.userId]);
      const weak = [
        ...['', 'short', '🐎'.repeat(7), '🐎'.repeat(257), 'a'.repeat(100_000), 'password1', 'PASSWORD1'],
        ...[person.secondLogin, person.phone, person.email, person.email.split('@')[0] ?? '', 'grace hopper'],
      ];
      for (const newPassword of weak) {
        expect(await refusalOf(change(person, PASSWORD, newPassword)), newPassword.slice(0, 40)).toMatchObject({
          status: 'INVALID_ARGUMENT',
          reason: 'PASSWORD_TOO_WEAK',
          fields: ['new_password'],
        });
      }
      const { tokens, phone } = await phoneOnly();
      for (const newPassword of ['short', phone]) {
        const refusal = await refusalOf(set(tokens, newPassword));
        expect(refusal).toMatchObject({ reason: 'PASSWORD_TOO_WEAK', fields: ['new_password'] });
      }
    });

    it('must be a text', async () => {
      const person = await somebody();
      for (const hostile of HOSTILE) {
        expect(await refusalOf(change(person, PASSWORD, hostile)), JSON.stringify(hostile)).toMatchObject({
          reason: 'INVALID_REQUEST',
          fields: ['new_password'],
        });
        expect(await refusalOf(change(person, hostile, hostile)), JSON.stringify(hostile)).toMatchObject({
          reason: 'INVALID_REQUEST',
          fields: ['current_password', 'new_password'],
        });
      }
      for (const current of ['', 'a'.repeat(257), 'a'.repeat(100_000)]) {
        expect((await refusalOf(change(person, current, NEXT))).fields).toEqual(['current_password']);
      }
      await change(person, PASSWORD, '🐎'.repeat(256));
    });

    it('is one, composed or decomposed', async () => {
      const person = await somebody();
      const composed = 'Café Zoë Ångström'.normalize('NFC');
      const decomposed = composed.normalize('NFD');
      await change(person, PASSWORD, decomposed);
      await service.auth.login({ login: person.phone, password: composed });
      await change(person, composed, NEXT);
      const { tokens, phone } = await phoneOnly();
      await set(tokens, composed);
      await service.auth.login({ login: phone, password: decomposed });
    });
  });

  it('no password is logged', async () => {
    const person = await somebody();
    const secrets = [`first-${randomUUID()}`, `second-${randomUUID()}`] as const;
    const from = service.logLines.length;
    await refusalOf(change(person, ...secrets));
    await change(person, PASSWORD, secrets[1]);
    const logged = JSON.stringify(service.logLines.slice(from));
    expect(logged).toContain('ChangePassword');
    for (const secret of [...secrets, PASSWORD]) expect(logged).not.toContain(secret);
  });

  async function somebody() {
    const person = await register(service, { email: `${randomUUID()}@example.com` });
    await confirmContacts(database, person.userId);
    return person;
  }

  /** Somebody who has come with a code, and has no password. */
  async function phoneOnly() {
    const { phone } = newPerson();
    const { handle } = await service.auth.startCodeLogin({ contact: phone });
    const code = await latestCode(database, phone);
    const answer = await service.auth.finishCodeLogin({ handle, code, interface: 'customer' });
    return { phone, userId: answer.userId, tokens: tokensOf(answer) };
  }

  function change(person: { tokens: { accessToken: string } }, currentPassword: string, newPassword: string) {
    const request = { currentPassword, newPassword };
    return service.passwords.changePassword(request, bearer(person.tokens.accessToken));
  }

  function set({ accessToken }: { accessToken: string }, newPassword: string) {
    return service.passwords.setPassword({ newPassword }, bearer(accessToken));
  }

  /** Once the attempt of a subject is counted, the hash of the user becomes another one of the same password. */
  async function meanwhile(subject: string, userId: string): Promise<void> {
    await database.query(`
      create function accounts.raise_for_test() returns trigger language plpgsql as $$
      begin
        update accounts.users set password_hash = replace(password_hash, '$2b$', '$2a$') where id = '${userId}';
        return new;
      end $$;
      create trigger raise_for_test after update on auth.login_attempts for each row
        when (new.subject = '${subject}') execute function accounts.raise_for_test();`);
  }
});

function countOf(outcomes: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}
