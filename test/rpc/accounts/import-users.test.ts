import { hash as hashArgon2 } from '@node-rs/argon2';
import bcrypt from 'bcrypt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DeepPartial, ImportedUser } from '../../../src/gen/accounts/v1/users_admin_service.ts';
import { ErrorReason } from '../../../src/gen/auth/v1/error_reason.ts';
import { newEmail } from '../../support/account-holders.ts';
import { bearer, newPerson, register, tokensOf } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { signInAs } from '../../support/staff.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

type NewUser = DeepPartial<ImportedUser>;

const SECRET = 'their old password';

let database: TestDatabase;
let service: TestService;
let admin: Awaited<ReturnType<typeof signInAs>>;

beforeAll(async () => {
  database = await createTestDatabase();
  service = await startService({ DATABASE_URL: database.serviceUrl, BCRYPT_COST: '10' });
  admin = await signInAs(service, database, 'superadmin');
});
afterAll(async () => {
  await service?.stop();
  await database?.drop();
});

async function importAll(batches: readonly NewUser[][], accessToken = admin.tokens.accessToken) {
  async function* requests() {
    for (const users of batches) yield { users };
  }
  const answers = [];
  for await (const answer of service.usersAdmin.importUsers(requests(), bearer(accessToken))) answers.push(answer);
  return answers;
}
async function importOne(...users: NewUser[]) {
  const [answer] = await importAll([users]);
  if (!answer) throw new Error('There was no answer.');
  return answer;
}
const withEmail = (email: string, more: NewUser = {}): NewUser => ({
  contacts: [{ type: 'email', value: email }],
  ...more,
});
const logIn = (login: string, password = SECRET) => service.auth.login({ login, password });
const stored = async (value: string) => {
  const rows = await database.query<{ id: string; password_hash: string | null }>(
    `select u.id, u.password_hash from accounts.users u join accounts.user_contacts c on c.user_id = u.id where c.value = $1`,
    [value],
  );
  return rows;
};
/** Somebody who may import, and may not give all roles. */
async function importingManager() {
  await database.query(
    "insert into accounts.role_permissions (role, permission) values ('manager', 'accounts.users.import') on conflict do nothing",
  );
  return await signInAs(service, database, 'manager');
}
const countUsers = async () => {
  const [row] = await database.query<{ count: number }>('select count(*)::int from accounts.users');
  return row?.count ?? Number.NaN;
};

describe('ImportUsers', () => {
  it('takes in a user with contacts, profile, roles and password, and he logs in with any contact', async () => {
    const email = newEmail();
    const { phone, secondLogin } = newPerson();
    const answer = await importOne({
      contacts: [
        { type: 'email', value: ` ${email.toUpperCase()}` },
        { type: 'phone', value: phone.replace('+7', '8') },
        { type: 'second_login', value: secondLogin },
      ],
      profile: { displayName: 'Old Friend', bio: '', country: 'RU', language: 'ru', data: { shoe: 43 } },
      roles: ['driver', 'courier', 'driver'],
      passwordHash: await bcrypt.hash(SECRET, 4),
    });
    expect(answer).toEqual({ imported: 1, failures: [] });
    for (const login of [email, phone, secondLogin]) {
      const { userId, roles } = await logIn(login);
      expect(roles).toEqual(['courier', 'driver']);
      const { user } = await service.usersAdmin.getUser({ userId }, bearer(admin.tokens.accessToken));
      expect(user).toMatchObject({
        displayName: 'Old Friend',
        country: 'RU',
        language: 'ru',
        data: { shoe: 43 },
      });
    }
    const contacts = await database.query(
      `select c.type, c.confirmed_at is not null as confirmed, c.is_primary from accounts.user_contacts c
         join accounts.user_contacts e on e.user_id = c.user_id where e.value = $1 order by 1`,
      [email],
    );
    expect(contacts).toEqual(
      ['email', 'phone', 'second_login'].map((type) => ({ type, confirmed: true, is_primary: true })),
    );
    const [membership] = await database.query<{ granted_by: string }>(
      'select m.granted_by from accounts.user_group_memberships m join accounts.user_contacts c using (user_id) where c.value = $1',
      [email],
    );
    expect(membership?.granted_by).toBe(admin.userId);
  });

  it('makes the first of several addresses the primary one', async () => {
    const [one, two] = [newEmail(), newEmail()];
    await importOne({
      contacts: [
        { type: 'email', value: two },
        { type: 'email', value: one },
      ],
    });
    const rows = await database.query(
      'select value from accounts.user_contacts where value = any ($1) and is_primary',
      [[one, two]],
    );
    expect(rows).toEqual([{ value: two }]);
  });

  it.each([
    ['bcrypt $2a$', async () => (await bcrypt.hash(SECRET, 5)).replace('$2b$', '$2a$')],
    ['bcrypt $2b$', async () => await bcrypt.hash(SECRET, 5)],
    ['bcrypt $2b$ of our own cost', async () => await bcrypt.hash(SECRET, 10)],
    ['bcrypt $2y$', async () => (await bcrypt.hash(SECRET, 5)).replace('$2b$', '$2y$')],
    ['argon2id', async () => await hashArgon2(SECRET, { memoryCost: 1024, timeCost: 2, parallelism: 2 })],
  ])('knows the password of a hash of %s, and makes one of our own of it at the first login', async (_name, make) => {
    const email = newEmail();
    expect(await importOne(withEmail(email, { passwordHash: await make() }))).toEqual({ imported: 1, failures: [] });
    expect(await refusalOf(logIn(email, 'not the password'))).toMatchObject({ reason: 'CREDENTIALS_INVALID' });
    const [before] = await stored(email);
    expect(before?.password_hash).not.toMatch(/^\$2b\$10\$/);
    await logIn(email);
    const [after] = await stored(email);
    expect(after?.password_hash).toMatch(/^\$2b\$10\$/);
    await logIn(email);
    expect(await refusalOf(logIn(email, 'not the password'))).toMatchObject({ reason: 'CREDENTIALS_INVALID' });
  });

  it.each([
    ['bcrypt', async () => await bcrypt.hash(SECRET, 5)],
    ['argon2id', async () => await hashArgon2(SECRET, { memoryCost: 1024, timeCost: 1 })],
  ])('lets a password be changed of which there is a hash of %s only', async (_name, make) => {
    const email = newEmail();
    await importOne(withEmail(email, { passwordHash: await make() }));
    const { accessToken } = tokensOf(await logIn(email));
    // As if the login had not been able to raise it.
    await database.query('update accounts.users u set password_hash = $2 where u.id = $1', [
      (await stored(email))[0]?.id,
      (await make()).replace('$2b$', '$2y$'),
    ]);
    const change = (currentPassword: string) =>
      service.passwords.changePassword(
        { currentPassword, newPassword: 'quite another passphrase' },
        bearer(accessToken),
      );
    expect(await refusalOf(change('not the password'))).toMatchObject({ reason: 'CURRENT_PASSWORD_WRONG' });
    await change(SECRET);
    await logIn(email, 'quite another passphrase');
  });

  it('reads a long password as the other system did, and goes on so: a typo behind what it read must not become the password', async () => {
    const email = newEmail();
    const long = `${'x'.repeat(72)} and the rest`;
    await importOne(withEmail(email, { passwordHash: await bcrypt.hash(long, 4) }));
    await logIn(email, `${'x'.repeat(72)} and a typo`);
    await logIn(email, long);
    expect(await refusalOf(logIn(email, 'x'.repeat(71)))).toMatchObject({ reason: 'CREDENTIALS_INVALID' });
  });

  it('takes in somebody without a password, who then has none', async () => {
    const email = newEmail();
    expect(await importOne(withEmail(email))).toMatchObject({ imported: 1 });
    expect(await stored(email)).toMatchObject([{ password_hash: null }]);
    expect(await refusalOf(logIn(email))).toMatchObject({ reason: 'CREDENTIALS_INVALID' });
  });
});

describe('Somebody who cannot be taken in', () => {
  const contact = () => ({ type: 'email', value: newEmail() });
  const email = { type: 'email', value: 'twice@example.com' };

  it.each<[string, NewUser]>([
    ['contacts', {}],
    ['contacts', { contacts: Array.from({ length: 21 }, contact) }],
    ['contacts[0].type', { contacts: [{ type: 'pigeon', value: 'x' }] }],
    ['contacts[0].type', { contacts: [{ type: '', value: '' }] }],
    ['contacts[0].value', { contacts: [{ type: 'email', value: '' }] }],
    ['contacts[0].value', { contacts: [{ type: 'email', value: 'a\u0000b@example.com' }] }],
    ['contacts[0].value', { contacts: [{ type: 'email', value: `${'x'.repeat(320)}@example.com` }] }],
    ['contacts[0].value', { contacts: [{ type: 'phone', value: 'x'.repeat(10_000) }] }],
    ['contacts[1].value', { contacts: [contact(), { type: 'phone', value: 'phone' }] }],
    ['contacts[1].value', { contacts: [email, { ...email, value: 'TWICE@example.com' }] }],
    [
      'contacts[1].type',
      {
        contacts: [
          { type: 'phone', value: '+79990000001' },
          { type: 'phone', value: '+79990000002' },
        ],
      },
    ],
    ['profile.display_name', { profile: { displayName: 'ab' } }],
    ['profile.display_name', { profile: { displayName: 'a\u0007bc' } }],
    ['profile.bio', { profile: { bio: 'x'.repeat(501) } }],
    ['profile.country', { profile: { country: 'Russia' } }],
    ['profile.language', { profile: { language: 'xx' } }],
    ['profile.data', { profile: { data: { text: 'x'.repeat(20_000) } } }],
    ['profile.data', { profile: { data: { numbers: Array.from({ length: 200 }, () => 1e300) } } }],
    ['roles', { roles: Array.from({ length: 21 }, (_, index) => `role_${index}`) }],
    ['roles[1]', { roles: ['driver', ''] }],
    ['roles[0]', { roles: ['x'.repeat(64)] }],
    ['password_hash', { passwordHash: 'plain text' }],
    ['password_hash', { passwordHash: '5f4dcc3b5aa765d61d8327deb882cf99' }],
    ['password_hash', { passwordHash: `$2b$16$${'a'.repeat(53)}` }],
    [
      'password_hash',
      { passwordHash: '$argon2id$v=19$m=262145,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc' },
    ],
  ])('is named with his line and the field %s, and the others are in: %#', async (field, user) => {
    const [before, after] = [newEmail(), newEmail()];
    const bad = { ...('contacts' in user || field === 'contacts' ? {} : { contacts: [contact()] }), ...user };
    const answer = await importOne(withEmail(before), bad, withEmail(after));
    expect(answer).toEqual({
      imported: 2,
      failures: [
        { line: 2, reason: ErrorReason.INVALID_REQUEST, message: expect.stringMatching(/^[a-z_.0-9[\]]+: [^:]+/) },
      ],
    });
    expect(answer.failures[0]?.message.split(': ')[0]).toBe(field);
    for (const value of [before, after]) expect(await stored(value)).toHaveLength(1);
  });

  it('is not told what he has typed', async () => {
    const { failures } = await importOne(
      { contacts: [{ type: 'email', value: 'hidden-value' }] },
      withEmail(newEmail(), { passwordHash: 'hidden-value' }),
      withEmail(newEmail(), { roles: ['hidden-value'] }),
      { contacts: [{ type: 'hidden-value', value: '' }] },
    );
    expect(failures).toHaveLength(4);
    expect(JSON.stringify([failures, service.logLines])).not.toContain('hidden-value');
  });

  it('has a contact of somebody else: of an account, of an account that was closed, of one before him in the batch', async () => {
    const owner = await register(service, { email: newEmail() });
    await database.query('update accounts.user_contacts set confirmed_at = now() where value = $1', [owner.email]);
    const closed = newEmail();
    await importOne(withEmail(closed));
    await database.query('update accounts.users set is_active = false, deactivated_at = now() where id = $1', [
      (await stored(closed))[0]?.id,
    ]);
    const twin = newEmail();
    const answer = await importOne(
      { contacts: [contact(), { type: 'email', value: owner.email }] },
      withEmail(closed),
      withEmail(twin),
      { contacts: [contact(), contact(), { type: 'email', value: twin.toUpperCase() }] },
    );
    const message = (index: number) => `contacts[${index}]: belongs to another account`;
    expect(answer).toEqual({
      imported: 1,
      failures: [
        { line: 1, reason: ErrorReason.CONTACT_TAKEN, message: message(1) },
        { line: 2, reason: ErrorReason.CONTACT_TAKEN, message: message(0) },
        { line: 4, reason: ErrorReason.CONTACT_TAKEN, message: message(2) },
      ],
    });
    expect(await stored(twin)).toHaveLength(1);
  });

  it('takes his contacts from nobody behind him', async () => {
    const [taken, shared, free] = [newEmail(), newEmail(), newEmail()];
    await importOne(withEmail(taken));
    const both = (...values: string[]) => ({ contacts: values.map((value) => ({ type: 'email', value })) });
    const answer = await importOne(
      both(taken, shared),
      withEmail(free, { roles: ['no_such_role'] }),
      { ...both(newEmail(), 'no address') },
      both(shared),
      both(free, newEmail()),
    );
    expect(answer.failures.map(({ line }) => line)).toEqual([1, 2, 3]);
    for (const value of [shared, free]) expect(await stored(value)).toHaveLength(1);
  });

  it('has a contact that others only claim: it is his', async () => {
    const email = newEmail();
    await register(service, { email });
    expect(await importOne(withEmail(email))).toMatchObject({ imported: 1, failures: [] });
  });

  it('has a role that the caller may not give, or that there is not: one answer', async () => {
    await database.query("update accounts.user_groups set is_active = false where name = 'executor_head'");
    const manager = await importingManager();
    const roles = [
      ['superadmin'],
      ['no_such_role'],
      ['driver', 'superadmin'],
      ['driver'],
      ['executor_head'],
      ['manager'],
    ];
    const users = roles.map((names) => withEmail(newEmail(), { roles: names }));
    const [answer] = await importAll([users], manager.tokens.accessToken);
    await database.query("update accounts.user_groups set is_active = true where name = 'executor_head'");
    const denied = (line: number, index: number) => ({
      line,
      reason: ErrorReason.ROLE_NOT_GRANTABLE,
      message: `roles[${index}]: may not be given by you`,
    });
    expect(answer).toEqual({
      imported: 1,
      failures: [denied(1, 0), denied(2, 0), denied(3, 1), denied(5, 0), denied(6, 0)],
    });
  });
});

describe('A stream of users', () => {
  it('is answered batch by batch, and numbered from its beginning to its end', async () => {
    const taken = newEmail();
    const answers = await importAll([
      [withEmail(taken), withEmail(newEmail())],
      [],
      [withEmail('nobody'), withEmail(newEmail()), withEmail(taken)],
    ]);
    expect(answers).toMatchObject([
      { imported: 2, failures: [] },
      { imported: 0, failures: [] },
      { imported: 1, failures: [{ line: 3 }, { line: 5 }] },
    ]);
  });

  it('may be repeated: who is in fails, and nobody is there twice', async () => {
    const emails = Array.from({ length: 50 }, newEmail);
    const users = emails.map((email) => withEmail(email));
    await importOne(...users);
    const again = await importOne(...users, withEmail(newEmail()));
    expect(again).toMatchObject({ imported: 1 });
    expect(again.failures.map(({ reason }) => reason)).toEqual(emails.map(() => ErrorReason.CONTACT_TAKEN));
    for (const email of emails.slice(0, 5)) expect(await stored(email)).toHaveLength(1);
  });

  it('takes 500 in a message, and no more: what was answered before is in', async () => {
    const first = newEmail();
    const full = Array.from({ length: 500 }, () => withEmail(newEmail()));
    expect((await importOne(...full)).imported).toBe(500);
    const before = await countUsers();
    const refusal = await refusalOf(importAll([[withEmail(first)], [...full, withEmail(newEmail())]]));
    expect(refusal).toMatchObject({ reason: 'INVALID_REQUEST', fields: ['users'] });
    expect(await countUsers()).toBe(before + 1);
  });

  it('that breaks off leaves what was answered', async () => {
    const [answered, unsent] = [newEmail(), newEmail()];
    const left = new AbortController();
    const gate = Promise.withResolvers<void>();
    async function* requests() {
      yield { users: [withEmail(answered)] };
      await gate.promise;
      yield { users: [withEmail(unsent)] };
    }
    const answers = service.usersAdmin.importUsers(requests(), {
      ...bearer(admin.tokens.accessToken),
      signal: left.signal,
    });
    const iterator = answers[Symbol.asyncIterator]();
    expect((await iterator.next()).value).toMatchObject({ imported: 1 });
    left.abort();
    gate.resolve();
    await expect(iterator.next()).rejects.toThrow();
    expect(await stored(answered)).toHaveLength(1);
    expect(await stored(unsent)).toHaveLength(0);
  });

  it('leaves one event for a batch, with numbers and nothing else, whoever has refused them', async () => {
    const importer = await signInAs(service, database, 'superadmin');
    const taken = newEmail();
    const nobody = withEmail('no address');
    await importAll(
      [[withEmail(taken), nobody, withEmail(newEmail())], [withEmail(taken)], [nobody, nobody], []],
      importer.tokens.accessToken,
    );
    const events = await database.query(
      'select action, user_id, data from auth.audit_events where actor_id = $1 order by id',
      [importer.userId],
    );
    const event = (imported: number, failed: number) => ({
      action: 'user.imported',
      user_id: null,
      data: { imported_users: imported, failed_users: failed },
    });
    expect(events).toEqual([event(2, 1), event(0, 1), event(0, 2)]);
  });

  it('leaves an event for each role that somebody was given, and none for those who were not taken in', async () => {
    const importer = await signInAs(service, database, 'superadmin');
    const [first, second] = [newEmail(), newEmail()];
    const roles = ['driver', 'courier'];
    await importAll(
      [[withEmail(first, { roles }), withEmail(second, { roles: ['driver', 'driver'] }), withEmail(first, { roles })]],
      importer.tokens.accessToken,
    );
    const [[one], [two]] = await Promise.all([stored(first), stored(second)]);
    const granted = await database.query(
      `select user_id, data from auth.audit_events where actor_id = $1 and action = 'role.granted' order by user_id, data`,
      [importer.userId],
    );
    const event = (id: string | undefined, role: string) => ({ user_id: id, data: { role } });
    expect(granted).toEqual([event(one?.id, 'courier'), event(one?.id, 'driver'), event(two?.id, 'driver')]);
  });

  it('leaves an event a batch for each role that was refused, and one for all that there are not', async () => {
    const manager = await importingManager();
    const users = [['superadmin'], ['superadmin', 'manager'], ['a text of his'], ['another text'], ['driver']];
    const batch = () => users.map((roles) => withEmail(newEmail(), { roles }));
    await importAll([batch(), batch()], manager.tokens.accessToken);
    const refused = await database.query(
      `select user_id, data from auth.audit_events where actor_id = $1 and action = 'role.grant_refused' order by data`,
      [manager.userId],
    );
    const data = [{}, {}, { role: 'manager' }, { role: 'manager' }, { role: 'superadmin' }, { role: 'superadmin' }];
    expect(refused).toEqual(data.map((each) => ({ user_id: null, data: each })));
  });

  it.each([
    ['his role is taken away', 'PERMISSION_REQUIRED', 'delete from accounts.user_group_memberships where user_id = $1'],
    [
      'his session has ended',
      'TOKEN_REVOKED',
      "update auth.sessions set ended_at = now(), end_trigger = 'logout_all' where user_id = $1",
    ],
  ])('ends when %s meanwhile', async (_what, reason, change) => {
    const leaving = await signInAs(service, database, 'superadmin');
    const [first, second] = [newEmail(), newEmail()];
    async function* requests() {
      yield { users: [withEmail(first)] };
      await isAnswered.promise;
      yield { users: [withEmail(second)] };
    }
    const isAnswered = Promise.withResolvers<void>();
    const reading = (async () => {
      for await (const answer of service.usersAdmin.importUsers(requests(), bearer(leaving.tokens.accessToken))) {
        expect(answer.imported).toBe(1);
        await database.query(change, [leaving.userId]);
        isAnswered.resolve();
      }
    })();
    expect(await refusalOf(reading)).toMatchObject({ reason });
    expect(await stored(first)).toHaveLength(1);
    expect(await stored(second)).toHaveLength(0);
  });

  it('is for administrators who may', async () => {
    const person = await register(service);
    expect(await refusalOf(importAll([[withEmail(newEmail())]], person.tokens.accessToken))).toMatchObject({
      reason: 'PERMISSION_REQUIRED',
      metadata: { permission: 'accounts.users.import' },
    });
  });
});

describe('Imports and registrations at once', () => {
  it('never give a contact to two: 100 registrations of who is being imported', async () => {
    const people = Array.from({ length: 100 }, () => newPerson({ email: '' }));
    const users = people.map(({ secondLogin }) => ({ contacts: [{ type: 'second_login', value: secondLogin }] }));
    const [answers, ...registered] = await Promise.all([
      importAll([users.slice(0, 50), users.slice(50)]),
      ...people.map((person) =>
        service.auth.register(person).then(
          () => true,
          () => false,
        ),
      ),
    ]);
    const imported = answers.reduce((sum, answer) => sum + answer.imported, 0);
    const failures = answers.flatMap((answer) => answer.failures);
    expect(failures.every(({ reason }) => reason === ErrorReason.CONTACT_TAKEN)).toBe(true);
    expect(imported + failures.length).toBe(100);
    expect(imported + registered.filter(Boolean).length).toBe(100);
  });

  it('never give a contact to two: 8 imports of the same 100 in orders of their own', async () => {
    const emails = Array.from({ length: 100 }, () => [newEmail(), newEmail()]);
    const users = emails.map((pair) => ({ contacts: pair.map((value) => ({ type: 'email', value })) }));
    const orders = Array.from({ length: 8 }, (_, index) =>
      users.toSorted(() => (index % 2 === 0 ? 1 : -1) * (Math.random() - 0.5)),
    );
    const answers = (await Promise.all(orders.map((order) => importAll([order])))).flat();
    expect(answers.reduce((sum, answer) => sum + answer.imported, 0)).toBe(100);
    expect(answers.flatMap(({ failures }) => failures)).toHaveLength(700);
    const rows = await database.query(
      `select c.value from accounts.user_contacts c where c.value = any ($1) group by c.value having count(*) <> 1`,
      [emails.flat()],
    );
    expect(rows).toEqual([]);
  });
});
