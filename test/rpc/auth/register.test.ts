import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { createDeviceTokens } from '../../../src/tokens/device-token.ts';
import { deriveSubkey } from '../../../src/tokens/subkey.ts';
import { confirmContacts } from '../../support/challenges.ts';
import { newPerson, register, tokensOf } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import { TEST_MASTER_KEY, startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { problemOf } from '../../support/validation.ts';

/** Where a registration leaves its rows. */
const TABLES = [
  'accounts.users',
  'accounts.user_contacts',
  'accounts.user_group_memberships',
  'auth.sessions',
  'auth.refresh_tokens',
  'auth.registrations',
];

describe('Register', () => {
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

  it('opens an account whose tokens and second_login work at once, phone and e-mail once they are confirmed', async () => {
    const email = `${randomUUID()}@example.com`;
    const person = await register(service, { email });
    expect(person.roles).toEqual(['customer']);
    expect(await problemOf(service, person.tokens.accessToken)).toBeNull();
    tokensOf(await service.auth.refresh(person.tokens));
    const { password } = person;
    for (const login of [person.phone, email]) {
      expect((await refusalOf(service.auth.login({ login, password }))).reason).toBe('CREDENTIALS_INVALID');
    }
    expect((await service.auth.login({ login: person.secondLogin, password })).userId).toBe(person.userId);
    await confirmContacts(database, person.userId);
    for (const login of [person.secondLogin, person.phone, email]) {
      expect((await service.auth.login({ login, password })).userId).toBe(person.userId);
    }
    expect(await eventsOf(person.userId, 'user.registered')).toEqual([{ interface: 'customer', roles: ['customer'] }]);
  });

  it('stores the profile as it was given', async () => {
    const profile = {
      name: 'Анна 🚕',
      address: { street: 'Main', house: [1, 2.5, -3e-7, null, true, { flat: '7' }], empty: {} },
      list: [],
      text: 'line one\nline two\t"quoted" \\ slash',
      nothing: null,
      no: false,
      '': 'a key without a letter',
      constructor: 'a word that JavaScript knows',
    };
    const { userId } = await register(service, { profile });
    const [row] = await database.query<{ profile: unknown }>('select profile from accounts.users where id = $1', [
      userId,
    ]);
    expect(row?.profile).toEqual(profile);
  });

  it('stores an empty profile when none is given', async () => {
    const { userId } = await register(service);
    const rows = await database.query('select profile from accounts.users where id = $1', [userId]);
    expect(rows).toEqual([{ profile: {} }]);
  });

  it('stores neither the password nor the refresh token as they are', async () => {
    const password = `a password of nobody else ${randomUUID()}`;
    const { tokens } = await register(service, { password });
    for (const table of [...TABLES, 'auth.outbox_events']) {
      const [found] = await database.query<{ count: string }>(
        `select count(*) from ${table} t where strpos(t::text, $1) > 0 or strpos(t::text, $2) > 0`,
        [password, tokens.refreshToken],
      );
      expect(found?.count, table).toBe('0');
    }
  });

  describe('is all or nothing', () => {
    let before: Record<string, number>;
    beforeEach(async () => {
      before = await countRows();
    });

    it.each([
      // In the order in which contacts are written, the clash comes first, in the middle and last.
      ['second_login', { secondLogin: 'taken-name' }],
      ['phone', { phone: '+7 (911) 000-00-01' }],
      ['email', { email: 'TAKEN@example.com' }],
      ['email', { email: 'taken@example.com', idempotencyKey: 'a-key-that-nothing-is-kept-under' }],
    ])('a %s that is taken leaves nothing of the user', async (contactType, clash) => {
      if ((await database.query("select from accounts.user_contacts where value = 'taken-name'")).length === 0) {
        const contacts = { secondLogin: 'taken-name', phone: '+79110000001', email: 'taken@example.com' };
        await confirmContacts(database, (await register(service, contacts)).userId);
        before = await countRows();
      }
      const request = newPerson({ email: `zz-${randomUUID()}@example.com`, ...clash });
      expect(await refusalOf(service.auth.register(request))).toMatchObject({
        status: 'ALREADY_EXISTS',
        reason: 'REGISTER_USER_ALREADY_EXISTS',
        metadata: { contact_type: contactType },
      });
      expect(await countRows()).toEqual(before);
    });

    it("a phone and an e-mail that nobody has confirmed are in nobody's way", async () => {
      const claimed = { phone: '+79110000009', email: 'claimed@example.com' };
      const people = [await register(service, claimed), await register(service, claimed)];
      const rows = await database.query(
        `select user_id, count(*)::int as contacts from accounts.user_contacts
          where value = any ($1) and is_active and confirmed_at is null group by user_id order by user_id`,
        [Object.values(claimed)],
      );
      expect(rows).toEqual(people.map(({ userId }) => ({ user_id: userId, contacts: 2 })));
      const [first] = people;
      await confirmContacts(database, first?.userId ?? '');
      for (const [contactType, taken] of [
        ['phone', { phone: claimed.phone }],
        ['email', { email: claimed.email }],
      ] as const) {
        expect(await refusalOf(service.auth.register(newPerson(taken)))).toMatchObject({
          reason: 'REGISTER_USER_ALREADY_EXISTS',
          metadata: { contact_type: contactType },
        });
      }
    });

    it('a failure after the user, the contacts and the session were written leaves nothing of them', async () => {
      await database.query(`
        create function auth.fail_for_test() returns trigger language plpgsql as
          $$ begin raise exception 'the disk is full' using errcode = '53100'; end $$;
        create trigger fail_for_test before insert on auth.refresh_tokens execute function auth.fail_for_test();`);
      try {
        expect(await refusalOf(service.auth.register(newPerson()))).toMatchObject({
          status: 'UNAVAILABLE',
          reason: 'DEPENDENCY_UNAVAILABLE',
          text: expect.not.stringContaining('disk'),
        });
        expect(await countRows()).toEqual(before);
      } finally {
        await database.query('drop function auth.fail_for_test cascade');
      }
    });

    it('a refused registration frees its contacts for the next', async () => {
      const person = newPerson({ groupNames: ['superadmin'] });
      await refusalOf(service.auth.register(person));
      await register(service, { ...person, groupNames: [] });
    });
  });

  describe('gives roles by interface', () => {
    it.each(['customer', 'driver', 'courier', 'executor_head', 'firm_head'])(
      'on %s the default role, named or not',
      async (name) => {
        const unnamed = await register(service, { interface: name });
        const named = await register(service, { interface: name, groupNames: [name, name] });
        expect([unnamed.roles, named.roles]).toEqual([[name], [name]]);
        const [session] = await database.query('select interface from auth.sessions where user_id = $1', [
          unnamed.userId,
        ]);
        expect(session).toEqual({ interface: name });
      },
    );

    it('a role that is open on the interface beside its default', async () => {
      await database.query("insert into accounts.user_group_registrations values ('driver', 'courier', false)");
      const both = await register(service, { interface: 'driver', groupNames: ['driver', 'courier'] });
      const other = await register(service, { interface: 'driver', groupNames: ['courier'] });
      const unnamed = await register(service, { interface: 'driver' });
      expect([both.roles, other.roles, unnamed.roles]).toEqual([['courier', 'driver'], ['courier'], ['driver']]);
      await database.query(
        "delete from accounts.user_group_registrations where not is_default and interface = 'driver'",
      );
    });

    it.each([
      ['beyond the interface', ['superadmin']],
      ['of another interface', ['driver']],
      ['that does not exist', ['no_such_role']],
      ['in other letters', ['Customer']],
      ['beyond it, hidden behind one that is open', ['customer', 'superadmin']],
    ])('refuses a role %s, in the same words, and creates nothing', async (_, groupNames) => {
      const before = await countRows();
      const person = newPerson({ groupNames });
      expect(await refusalOf(service.auth.register(person))).toEqual({
        status: 'PERMISSION_DENIED',
        reason: 'ROLE_NOT_ASSIGNABLE',
        domain: 'auth-service',
        metadata: {},
        fields: [],
        retryAfterSeconds: undefined,
        requestId: undefined,
        text: 'A requested role cannot be taken on this interface.',
      });
      expect(await countRows()).toEqual(before);
      expect(await lastRefusal()).toMatchObject({
        reason: 'ROLE_NOT_ASSIGNABLE',
        interface: 'customer',
        group_names: [...groupNames].sort(),
        service: 'local',
      });
    });

    it('refuses a role that was switched off', async () => {
      await database.query("update accounts.user_groups set is_active = false where name = 'courier'");
      try {
        const refusal = await refusalOf(service.auth.register(newPerson({ interface: 'courier' })));
        expect(refusal.reason).toBe('ROLE_NOT_ASSIGNABLE');
      } finally {
        await database.query("update accounts.user_groups set is_active = true where name = 'courier'");
      }
    });

    it('refuses the interface staff to a local caller, and records it', async () => {
      const before = await countRows();
      expect(await refusalOf(service.auth.register(newPerson({ interface: 'staff' })))).toMatchObject({
        status: 'PERMISSION_DENIED',
        reason: 'INTERFACE_NOT_ALLOWED',
        metadata: { interface: 'staff' },
      });
      expect(await countRows()).toEqual(before);
      expect(await lastRefusal()).toMatchObject({ reason: 'INTERFACE_NOT_ALLOWED', interface: 'staff' });
    });

    it('gives nobody a role on staff, even where the caller may speak for it', async () => {
      const trusting = await startService({ DATABASE_URL: database.serviceUrl, LOCAL_CALLER_INTERFACES: 'staff' });
      try {
        const refused = [[], ['superadmin'], ['manager'], ['support'], ['customer']].map((groupNames) =>
          refusalOf(trusting.auth.register(newPerson({ interface: 'staff', groupNames }))),
        );
        expect((await Promise.all(refused)).map(({ reason }) => reason)).toEqual(Array(5).fill('ROLE_NOT_ASSIGNABLE'));
      } finally {
        await trusting.stop();
      }
    });

    it('does not know other interfaces', async () => {
      for (const name of ['', 'Customer', 'no_such_interface']) {
        expect(await refusalOf(service.auth.register(newPerson({ interface: name })))).toMatchObject({
          status: 'INVALID_ARGUMENT',
          reason: 'INVALID_REQUEST',
          fields: ['interface'],
        });
      }
    });
  });

  it('answers with a token of the device, which names the account to nobody and lets nobody in', async () => {
    const person = newPerson();
    const { deviceToken, userId } = await service.auth.register(person);
    expect(deviceToken).toMatch(/^dt1_[A-Za-z0-9_-]{70}$/);
    const other = await service.auth.register(newPerson());
    expect(other.deviceToken).not.toBe(deviceToken);
    const deviceTokens = createDeviceTokens({
      key: deriveSubkey(Buffer.from(TEST_MASTER_KEY, 'base64'), 'device-token'),
      clock: systemClock,
    });
    expect(deviceTokens.read(deviceToken, userId)).toMatch(/^[0-9a-f]{32}$/);
    expect(deviceTokens.read(deviceToken, other.userId)).toBeNull();
    expect(await problemOf(service, deviceToken)).toBe('TOKEN_MALFORMED');
  });

  it.each([
    ['too short', 'short12'],
    ['well known', 'password1'],
    ['well known in other letters', 'PassWord1'],
    ['longer than 256 characters', 'x'.repeat(257)],
  ])('refuses a password that is %s', async (_, password) => {
    expect(await refusalOf(service.auth.register(newPerson({ password })))).toMatchObject({
      status: 'INVALID_ARGUMENT',
      reason: 'REGISTER_INVALID_PASSWORD',
      fields: ['password'],
    });
  });

  it("refuses the person's own login, phone and e-mail as the password", async () => {
    const person = newPerson({ email: 'some.body.with.a.name@example.com' });
    for (const password of [person.secondLogin.toUpperCase(), person.phone, person.email, 'some.body.with.a.name']) {
      const refusal = await refusalOf(service.auth.register({ ...person, password }));
      expect(refusal.reason, password).toBe('REGISTER_INVALID_PASSWORD');
    }
  });

  it('names every wrong field at once', async () => {
    const refusal = await refusalOf(
      service.auth.register({
        secondLogin: 'a',
        phone: '12',
        email: 'nobody',
        groupNames: ['customer', ''],
        interface: 'moon',
        idempotencyKey: 'short',
      }),
    );
    expect(refusal.fields).toEqual([
      'email',
      'group_names[1]',
      'idempotency_key',
      'interface',
      'phone',
      'second_login',
    ]);
  });

  async function countRows(): Promise<Record<string, number>> {
    const counts = TABLES.map((table) => `(select count(*)::int from ${table}) as "${table}"`);
    const [row] = await database.query<Record<string, number>>(`select ${counts.join(', ')}`);
    return { ...row };
  }

  async function eventsOf(userId: string, type: string): Promise<unknown[]> {
    const rows = await database.query<{ data: unknown }>(
      'select data from auth.outbox_events where user_id = $1 and type = $2',
      [userId, type],
    );
    return rows.map(({ data }) => data);
  }

  async function lastRefusal(): Promise<unknown> {
    const [row] = await database.query<{ data: unknown }>(
      "select data from auth.outbox_events where type = 'registration.refused' order by id desc limit 1",
    );
    return row?.data;
  }
});
