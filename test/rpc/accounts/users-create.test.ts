import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CreateUserRequest } from '../../../src/gen/accounts/v1/users_admin_service.ts';
import { UserState } from '../../../src/gen/accounts/v1/user.ts';
import { auditOfUser } from '../../support/audit.ts';
import { roleHolder } from '../../support/delegation.ts';
import type { RoleHolder } from '../../support/organisations.ts';
import { newEmail } from '../../support/account-holders.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { PASSWORD, newPerson, register } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

let database: TestDatabase;
let service: TestService;
let superadmin: RoleHolder;
let manager: RoleHolder;
beforeAll(async () => {
  database = await createTestDatabase();
  service = await startService({ DATABASE_URL: database.serviceUrl });
  superadmin = await roleHolder(service, database, 'superadmin');
  manager = await roleHolder(service, database, 'manager');
});
afterAll(async () => {
  await service?.stop();
  await database?.drop();
});

const create = (request: Partial<CreateUserRequest>, { as }: Pick<RoleHolder, 'as'> = manager) =>
  service.usersAdmin.createUser(request, as);
const mail = (value = newEmail()) => ({ type: 'email', value });
const userCount = async () =>
  (await database.query<{ count: number }>('select count(*)::int as count from accounts.users'))[0]?.count;
const created = async (request: Partial<CreateUserRequest>, by?: RoleHolder) => {
  const { user } = await create(request, by);
  if (!user) throw new Error('There is no user.');
  return user;
};

describe('CreateUser', () => {
  it('opens an account with confirmed contacts, a profile, roles and a password that logs in', async () => {
    const { secondLogin, phone } = newPerson();
    const emails = [newEmail(), newEmail()];
    const user = await created({
      contacts: [
        { type: 'phone', value: phone.replace('+7', '8 ') },
        { type: 'email', value: ` ${emails[1]?.toUpperCase()} ` },
        { type: 'email', value: emails[0] ?? '' },
        { type: 'second_login', value: secondLogin.toUpperCase() },
      ],
      profile: { displayName: 'Ada', bio: '', country: 'GB', language: 'en', data: { desk: 7 } } as never,
      roles: ['support', 'driver', 'support'],
      password: PASSWORD,
    });
    expect(user).toMatchObject({
      ...{ state: UserState.ACTIVE, displayName: 'Ada', bio: '', country: 'GB', language: 'en', data: { desk: 7 } },
      hasPassword: true,
      roles: [
        { role: 'driver', organisationId: '' },
        { role: 'support', organisationId: '' },
      ],
    });
    expect(user.contacts.map(({ type, value, primary, confirmed }) => [type, value, primary, confirmed])).toEqual([
      // The first one that was named is the primary, whatever the order of the values.
      ['email', emails[1], true, true],
      ['email', emails[0], false, true],
      ['phone', phone, true, true],
      ['second_login', secondLogin, true, true],
    ]);
    for (const login of [secondLogin, phone, ...emails]) {
      expect(await outcomeOf(service.auth.login({ login, password: PASSWORD }))).toBe('OK');
    }
    expect(await auditOfUser(database, user.userId)).toEqual([
      { action: 'role.granted', actor_id: manager.userId, data: { role: 'support' } },
      { action: 'role.granted', actor_id: manager.userId, data: { role: 'driver' } },
      { action: 'user.created', actor_id: manager.userId, data: { roles: ['support', 'driver'] } },
    ]);
    const granted = await database.query(
      'select distinct granted_by from accounts.user_group_memberships where user_id = $1',
      [user.userId],
    );
    expect(granted).toEqual([{ granted_by: manager.userId }]);
  });

  it('without a password and roles opens an account that logs in with a code only', async () => {
    const contact = mail();
    const user = await created({ contacts: [contact] });
    expect(user).toMatchObject({ hasPassword: false, roles: [], displayName: '' });
    expect(await outcomeOf(service.auth.login({ login: contact.value, password: PASSWORD }))).toBe(
      'UNAUTHENTICATED CREDENTIALS_INVALID',
    );
    await service.auth.startCodeLogin({ contact: contact.value });
    const sent = await database.query<{ user_id: string }>('select user_id from auth.messages where recipient = $1', [
      contact.value,
    ]);
    expect(sent).toEqual([{ user_id: user.userId }]);
  });

  it.each([
    ['superadmin', 'manager'],
    ['manager', 'manager'],
    ['no_such_role', 'manager'],
    ["'; drop table accounts.users; --", 'manager'],
    ['guest', 'superadmin'],
  ])('with the role %s is refused to a %s: one answer, an event, and nobody is created', async (role, by) => {
    const actor = by === 'manager' ? manager : superadmin;
    const before = await userCount();
    const call = create({ contacts: [mail()], roles: ['driver', role] }, actor);
    expect(await refusalOf(call)).toMatchObject({
      status: 'PERMISSION_DENIED',
      reason: 'ROLE_NOT_GRANTABLE',
      text: 'The role may not be given or taken there.',
      metadata: {},
      fields: ['roles[1]'],
    });
    expect(await userCount()).toBe(before);
    const events = await database.query(
      `select user_id, data from auth.audit_events where actor_id = $1 and action = 'role.grant_refused' order by id desc limit 1`,
      [actor.userId],
    );
    // A name that no role has is not written.
    const [known] = await database.query('select from accounts.user_groups where name = $1', [role]);
    expect(events).toEqual([{ user_id: null, data: known ? { role } : {} }]);
  });

  it('with the role superadmin is a superadmin’s to do', async () => {
    const user = await created({ contacts: [mail()], roles: ['superadmin'] }, superadmin);
    expect(user.roles).toEqual([{ role: 'superadmin', organisationId: '' }]);
    await service.usersAdmin.deleteUser({ userId: user.userId }, superadmin.as);
  });

  it('with the contact of another account is refused, and the refusal names the type alone', async () => {
    const taken = mail();
    await created({ contacts: [taken] });
    const before = await userCount();
    const { phone } = newPerson();
    const call = create({ contacts: [{ type: 'phone', value: phone }, taken] });
    const refusal = await refusalOf(call);
    expect(refusal).toMatchObject({
      status: 'ALREADY_EXISTS',
      reason: 'CONTACT_TAKEN',
      metadata: { contact_type: 'email' },
    });
    expect(JSON.stringify(refusal)).not.toContain(taken.value);
    expect(await userCount()).toBe(before);
    // A contact that somebody has only claimed is nobody's yet.
    const claimed = newEmail();
    await register(service, { email: claimed });
    expect((await created({ contacts: [mail(claimed)] })).contacts).toHaveLength(1);
  });

  it('of 50 at once with the same two contacts, in both orders, creates one, and none is a deadlock', async () => {
    const before = await userCount();
    const [one, other] = [mail(), { type: 'second_login', value: newPerson().secondLogin }];
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        outcomeOf(create({ contacts: index % 2 === 0 ? [one, other] : [other, one] })),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === 'OK')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'ALREADY_EXISTS CONTACT_TAKEN')).toHaveLength(49);
    expect(await userCount()).toBe((before ?? 0) + 1);
  });

  it.each([
    [{ contacts: [] }, ['contacts']],
    [{ contacts: Array.from({ length: 21 }, () => mail()) }, ['contacts']],
    [{ contacts: [{ type: 'pigeon', value: 'x' }] }, ['contacts[0].type']],
    [{ contacts: [{ type: '', value: 'x' }] }, ['contacts[0].type']],
    [{ contacts: [mail(''), { type: 'phone', value: '12' }] }, ['contacts[0].value', 'contacts[1].value']],
    [{ contacts: [mail(`${'a'.repeat(320)}@example.com`)] }, ['contacts[0].value']],
    [{ contacts: [mail('a\0b@example.com')] }, ['contacts[0].value']],
    [{ contacts: [mail('twice@example.com'), mail('TWICE@example.com ')] }, ['contacts[1].value']],
    [
      {
        contacts: [
          { type: 'second_login', value: 'first-name' },
          { type: 'second_login', value: 'second-name' },
        ],
      },
      ['contacts[1].type'],
    ],
    [{ contacts: [mail()], roles: Array.from({ length: 21 }, (_, index) => `role_${index}`) }, ['roles']],
    [{ contacts: [mail()], roles: ['', 'a'.repeat(64), 'a\nb'] }, ['roles[0]', 'roles[1]', 'roles[2]']],
    [{ contacts: [mail()], password: 'correct\u0007horse' }, ['password']],
    [
      { contacts: [mail()], profile: { displayName: 'a', country: 'rus', language: 'EN', bio: '\u0007' } as never },
      ['profile.bio', 'profile.country', 'profile.display_name', 'profile.language'],
    ],
    [{ contacts: [mail()], profile: { data: { big: 'x'.repeat(17_000) } } as never }, ['profile.data']],
  ])('refuses %j', async (request, fields) => {
    expect(await refusalOf(create(request))).toMatchObject({
      status: 'INVALID_ARGUMENT',
      reason: 'INVALID_REQUEST',
      fields,
    });
  });

  it.each(['password1', 'short', 'strongname', 'a'.repeat(257)])('refuses the password %j', async (password) => {
    const contacts = [{ type: 'second_login', value: 'strongname' }];
    expect(await refusalOf(create({ contacts, password }))).toMatchObject({
      status: 'INVALID_ARGUMENT',
      reason: 'REGISTER_INVALID_PASSWORD',
      fields: ['password'],
    });
  });

  it('leaves no password, hash or contact in the log and the audit', async () => {
    const contact = mail();
    const password = 'a password that is nowhere else';
    const user = await created({ contacts: [contact], password });
    const written = JSON.stringify([
      service.logLines,
      await database.query('select * from auth.audit_events'),
      await database.query('select * from auth.outbox_events'),
      user.hasPassword,
    ]);
    for (const secret of [password, contact.value, '$2b$']) expect(written).not.toContain(secret);
  });
});
