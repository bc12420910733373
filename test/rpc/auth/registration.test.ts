import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { StartRegistrationResponse } from '../../../src/gen/auth/v1/registration_service.ts';
import type { FinishRegistrationRequest } from '../../../src/gen/auth/v1/registration_service.ts';
import { challengeSecretsUnder, confirmContacts, latestLinkToken } from '../../support/challenges.ts';
import { PASSWORD, newPerson, register, tokensOf } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import { beginRegistration, newEmail, newForm } from '../../support/registrations.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { problemOf } from '../../support/validation.ts';

/** What is looked at of tables that the sender of messages writes to at any moment. */
const OF_THE_SENDER: Readonly<Record<string, string>> = {
  'auth.messages': 'select id, recipient, template from auth.messages',
  'auth.outbox_events': "select * from auth.outbox_events where type not like 'message.%'",
};

describe('A registration that begins with an e-mail address', () => {
  let database: TestDatabase;
  let service: TestService;

  beforeAll(async () => {
    database = await createTestDatabase();
    service = await startService({ DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl') });
  });
  afterAll(async () => {
    await service?.stop();
    await database?.drop();
  });

  it('leaves nothing among the accounts before the link is followed, and an account with a session after it', async () => {
    const before = await contentOf('accounts');
    const email = newEmail();
    const started = await service.registration.startRegistration({ email: email.toUpperCase() });
    expect(started).toEqual({ lifetime: { seconds: 600, nanos: 0 }, resendDelay: { seconds: 60, nanos: 0 } });
    const token = await latestLinkToken(database, email);
    const { email: shown, expireTime } = await service.registration.checkRegistration({ token });
    expect(shown).toBe(email);
    expect(Math.abs((expireTime?.getTime() ?? 0) - Date.now() - 600_000)).toBeLessThan(60_000);
    expect(await contentOf('accounts')).toEqual(before);

    const { secondLogin, phone } = newPerson();
    const form = newForm(token, { secondLogin, phone, displayName: '  Áda ', language: 'ru', profile: { seats: 2 } });
    const answer = await service.registration.finishRegistration(form);
    const tokens = tokensOf(answer);
    expect(answer.roles).toEqual(['customer']);
    expect(answer.deviceToken).toMatch(/^dt1_/);
    expect(await problemOf(service, tokens.accessToken)).toBeNull();
    tokensOf(await service.auth.refresh(tokens));

    const { userId } = answer;
    expect(
      await database.query(
        'select display_name, country, language, profile, is_guest, bio from accounts.users where id = $1',
        [userId],
      ),
    ).toEqual([
      { display_name: 'Áda', country: 'GB', language: 'ru', profile: { seats: 2 }, is_guest: false, bio: null },
    ]);
    expect(
      await database.query(
        `select type, value, confirmed_at is not null as is_confirmed, is_primary
           from accounts.user_contacts where user_id = $1 order by type`,
        [userId],
      ),
    ).toEqual([
      { type: 'email', value: email, is_confirmed: true, is_primary: true },
      { type: 'phone', value: phone, is_confirmed: false, is_primary: false },
      { type: 'second_login', value: secondLogin, is_confirmed: true, is_primary: true },
    ]);
    for (const login of [email, secondLogin]) {
      expect((await service.auth.login({ login, password: PASSWORD })).userId).toBe(userId);
    }
    expect((await refusalOf(service.auth.login({ login: phone, password: PASSWORD }))).reason).toBe(
      'CREDENTIALS_INVALID',
    );
    expect(
      await database.query(
        "select data, session_id from auth.outbox_events where user_id = $1 and type like 'user.r%'",
        [userId],
      ),
    ).toEqual([{ data: { interface: 'customer', roles: ['customer'] }, session_id: tokens.sessionId }]);
  });

  it('needs neither a second_login nor a phone, and the language may be that of each request', async () => {
    const email = newEmail();
    const token = await beginRegistration(service, database, email);
    const { userId } = await service.registration.finishRegistration(newForm(token));
    expect(await database.query('select language from accounts.users where id = $1', [userId])).toEqual([
      { language: null },
    ]);
    expect((await service.auth.login({ login: email, password: PASSWORD })).userId).toBe(userId);
  });

  it('answers the same for a taken address as for a free one; only the mail differs', async () => {
    const person = await register(service, { email: newEmail() });
    await confirmContacts(database, person.userId);
    const free = newEmail();
    const bytes: string[] = [];
    for (const email of [person.email, free]) {
      const answer = await service.registration.startRegistration({ email });
      bytes.push(Buffer.from(StartRegistrationResponse.encode(answer).finish()).toString('hex'));
    }
    expect(bytes[0]).toBe(bytes[1]);
    expect(await templatesFor(person.email)).toEqual(['registration_taken']);
    expect(await templatesFor(free)).toEqual(['registration']);
    for (const email of [person.email, free]) {
      expect(await refusalOf(service.registration.startRegistration({ email }))).toMatchObject({
        status: 'RESOURCE_EXHAUSTED',
        reason: 'MESSAGES_THROTTLED',
        retryAfterSeconds: expect.toSatisfy((seconds: number) => seconds > 0 && seconds <= 60),
      });
    }
  });

  it('is open for an address that others have named and nobody has confirmed', async () => {
    const { email } = await register(service, { email: newEmail() });
    const token = await beginRegistration(service, database, email);
    const { userId } = await service.registration.finishRegistration(newForm(token));
    expect((await service.auth.login({ login: email, password: PASSWORD })).userId).toBe(userId);
  });

  describe('refuses the link', () => {
    it.each<[string, string, (email: string, token: string) => Promise<string>]>([
      ['that never was', 'VERIFY_USER_BAD_TOKEN', () => Promise.resolve('A'.repeat(64))],
      ['that is a word', 'VERIFY_USER_BAD_TOKEN', () => Promise.resolve('token')],
      ['of a hundred thousand characters', 'VERIFY_USER_BAD_TOKEN', () => Promise.resolve('A'.repeat(100_000))],
      ['with one character changed', 'VERIFY_USER_BAD_TOKEN', (_, token) => Promise.resolve(flipped(token))],
      ['made with another key', 'VERIFY_USER_BAD_TOKEN', (_, token) => Promise.resolve(forged(token))],
      [
        'that has expired',
        'VERIFY_USER_BAD_TOKEN',
        async (email, token) => {
          await database.query("update auth.challenges set expires_at = now() - interval '1 ms' where contact = $1", [
            email,
          ]);
          return token;
        },
      ],
      [
        'that a newer one has replaced',
        'VERIFY_USER_BAD_TOKEN',
        async (email, token) => {
          await database.query("delete from auth.message_quotas where subject = 'registration:' || $1", [email]);
          await service.registration.startRegistration({ email });
          return token;
        },
      ],
      [
        'that was removed',
        'VERIFY_USER_BAD_TOKEN',
        async (email, token) => {
          await database.query('delete from auth.challenges where contact = $1', [email]);
          return token;
        },
      ],
      [
        'of a password reset',
        'VERIFY_USER_BAD_TOKEN',
        async (email) => {
          await database.query("update auth.challenges set purpose = 'password_reset' where contact = $1", [email]);
          return await latestLinkToken(database, email);
        },
      ],
      [
        'whose row says another purpose than its token',
        'VERIFY_USER_BAD_TOKEN',
        async (email, token) => {
          await database.query("update auth.challenges set purpose = 'password_reset' where contact = $1", [email]);
          return token;
        },
      ],
      [
        'that was used',
        'VERIFY_USER_ALREADY_VERIFIED',
        async (_, token) => {
          await service.registration.finishRegistration(newForm(token));
          return token;
        },
      ],
      [
        'that was used, long ago',
        'VERIFY_USER_ALREADY_VERIFIED',
        async (email, token) => {
          await service.registration.finishRegistration(newForm(token));
          await database.query("update auth.challenges set expires_at = now() - interval '1 h' where contact = $1", [
            email,
          ]);
          return token;
        },
      ],
      [
        'of an address that has an account by now',
        'VERIFY_USER_ALREADY_VERIFIED',
        async (email, token) => {
          await confirmContacts(database, (await register(service, { email })).userId);
          return token;
        },
      ],
      [
        'that is mailed to an address with an account',
        'VERIFY_USER_ALREADY_VERIFIED',
        async () => {
          const { email, userId } = await register(service, { email: newEmail() });
          await confirmContacts(database, userId);
          return await beginRegistration(service, database, email);
        },
      ],
    ])('%s with %s, when it is looked at and when it is used, and changes nothing', async (_, reason, spoil) => {
      const email = newEmail();
      const token = await spoil(email, await beginRegistration(service, database, email));
      const before = [await contentOf('accounts'), await contentOf('auth')];
      const status = reason === 'VERIFY_USER_BAD_TOKEN' ? 'INVALID_ARGUMENT' : 'ALREADY_EXISTS';
      const refusals = [
        await refusalOf(service.registration.checkRegistration({ token })),
        await refusalOf(service.registration.finishRegistration(newForm(token))),
      ];
      for (const refusal of refusals) expect(refusal).toMatchObject({ status, reason, metadata: {}, fields: [] });
      expect([await contentOf('accounts'), await contentOf('auth')]).toEqual(before);
    });
  });

  it('looks at a link as often as anybody likes, and changes nothing by it', async () => {
    const token = await beginRegistration(service, database);
    const before = await contentOf('auth');
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => service.registration.checkRegistration({ token })),
    );
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(await contentOf('auth')).toEqual(before);
    await service.registration.finishRegistration(newForm(token));
  });

  it('leaves the link usable where something else is wrong', async () => {
    const email = newEmail();
    const taken = await register(service);
    await confirmContacts(database, taken.userId);
    const token = await beginRegistration(service, database, email);
    const before = await contentOf('accounts');
    for (const [change, expected] of [
      [{ password: 'password1' }, { reason: 'REGISTER_INVALID_PASSWORD', fields: ['password'] }],
      [
        { secondLogin: taken.secondLogin },
        { reason: 'REGISTER_USER_ALREADY_EXISTS', metadata: { contact_type: 'second_login' } },
      ],
      [{ phone: taken.phone }, { reason: 'REGISTER_USER_ALREADY_EXISTS', metadata: { contact_type: 'phone' } }],
      [{ groupNames: ['superadmin'] }, { reason: 'ROLE_NOT_ASSIGNABLE' }],
      [{ interface: 'staff' }, { reason: 'INTERFACE_NOT_ALLOWED', metadata: { interface: 'staff' } }],
      [{ guestAccessToken: 'no token' }, { reason: 'TOKEN_MALFORMED' }],
    ] satisfies [Partial<FinishRegistrationRequest>, object][]) {
      const refusal = await refusalOf(service.registration.finishRegistration(newForm(token, change)));
      expect(refusal, JSON.stringify(change)).toMatchObject(expected);
    }
    expect(await contentOf('accounts')).toEqual(before);
    const recorded = await database.query<{ data: { reason: string; group_names: string[] } }>(
      "select data from auth.outbox_events where type = 'registration.refused' order by id",
    );
    expect(recorded.map(({ data }) => [data.reason, data.group_names])).toEqual([
      ['ROLE_NOT_ASSIGNABLE', ['superadmin']],
      ['INTERFACE_NOT_ALLOWED', []],
    ]);
    await service.registration.finishRegistration(newForm(token));
  });

  it('leaves nothing of the user, and the link as it was, when the database fails in the middle', async () => {
    const token = await beginRegistration(service, database);
    const before = [await contentOf('accounts'), await contentOf('auth')];
    await database.query(`
      create function auth.fail_for_test() returns trigger language plpgsql as
        $$ begin raise exception 'the disk is full' using errcode = '53100'; end $$;
      create trigger fail_for_test before insert on auth.refresh_tokens execute function auth.fail_for_test();`);
    try {
      expect(await refusalOf(service.registration.finishRegistration(newForm(token)))).toMatchObject({
        status: 'UNAVAILABLE',
        reason: 'DEPENDENCY_UNAVAILABLE',
        text: expect.not.stringContaining('disk'),
      });
    } finally {
      await database.query('drop function auth.fail_for_test cascade');
    }
    expect([await contentOf('accounts'), await contentOf('auth')]).toEqual(before);
    await service.registration.finishRegistration(newForm(token));
  });

  it("refuses every one of the person's own names as the password", async () => {
    const email = `some.body.${randomUUID()}@example.com`;
    const { secondLogin, phone } = newPerson();
    const token = await beginRegistration(service, database, email);
    const displayName = 'Some Body With A Name';
    const form = newForm(token, { secondLogin, phone, displayName });
    for (const password of [
      email,
      email.slice(0, email.indexOf('@')),
      secondLogin.toUpperCase(),
      phone,
      displayName.toLowerCase(),
    ]) {
      const refusal = await refusalOf(service.registration.finishRegistration({ ...form, password }));
      expect(refusal.reason, password).toBe('REGISTER_INVALID_PASSWORD');
    }
  });

  it('says nothing secret in its log', async () => {
    const token = await beginRegistration(service, database);
    const { deviceToken, tokens } = await service.registration.finishRegistration(newForm(token));
    await refusalOf(service.registration.finishRegistration(newForm(token)));
    const log = JSON.stringify(service.logLines);
    for (const secret of [token, deviceToken, PASSWORD, tokens?.refreshToken, tokens?.accessToken]) {
      expect(log).not.toContain(secret);
    }
  });

  async function templatesFor(recipient: string): Promise<string[]> {
    const rows = await database.query<{ template: string }>(
      'select template from auth.messages where recipient = $1 order by id',
      [recipient],
    );
    return rows.map(({ template }) => template);
  }

  /** Every row of every table of a schema, but for what a replica writes by itself. */
  async function contentOf(schema: string): Promise<Record<string, string>> {
    const tables = await database.query<{ name: string }>(
      `select c.oid::regclass::text as name from pg_class c
        where c.relnamespace = $1::regnamespace and c.relkind = 'r'
          and c.relname not in ('replicas', 'signing_keys') order by 1`,
      [schema],
    );
    const content: Record<string, string> = {};
    for (const { name } of tables) {
      const rows = OF_THE_SENDER[name] ?? `select * from ${name}`;
      const [row] = await database.query<{ content: string }>(
        `select coalesce(sum(hashtextextended(t::text, 0)), 0)::text || '/' || count(*) as content from (${rows}) t`,
      );
      content[name] = row?.content ?? '';
    }
    return content;
  }
});

/** The same length and alphabet, another character. */
function flipped(token: string): string {
  return `${token.slice(0, 40)}${token[40] === 'A' ? 'B' : 'A'}${token.slice(41)}`;
}

/** For the challenge of a token, by somebody who has not our key. */
function forged(token: string): string {
  const id = challengeSecretsUnder().readLinkToken(token, 'registration')?.id ?? '';
  return challengeSecretsUnder(Buffer.alloc(32, 8).toString('base64')).linkToken(id, 'registration');
}
