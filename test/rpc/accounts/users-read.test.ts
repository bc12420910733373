import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserState } from '../../../src/gen/accounts/v1/user.ts';
import { accountHolder } from '../../support/account-holders.ts';
import { addOrganisation, addRoleHolder, roleHolder } from '../../support/delegation.ts';
import type { RoleHolder } from '../../support/organisations.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

let database: TestDatabase;
let service: TestService;
let support: RoleHolder;
beforeAll(async () => {
  database = await createTestDatabase();
  service = await startService({ DATABASE_URL: database.serviceUrl });
  support = await roleHolder(service, database, 'support');
});
afterAll(async () => {
  await service?.stop();
  await database?.drop();
});

const get = async (userId: string) => (await service.usersAdmin.getUser({ userId }, support.as)).user;
const batch = async (userIds: string[]) =>
  (await service.usersAdmin.batchGetUsers({ userIds }, support.as)).users.map((user) => user.userId);
const lookUp = async (userIds: string[]) => (await service.users.lookUpUsers({ userIds })).users;
const set = async (userId: string, what: string) =>
  await database.query(`update accounts.users set ${what} where id = $1`, [userId]);
const MISSING = { status: 'NOT_FOUND', reason: 'USER_NOT_FOUND' };
const INVALID = { status: 'INVALID_ARGUMENT', reason: 'INVALID_REQUEST' };

describe('GetUser', () => {
  it('shows contacts in use, roles with their organisations, and no hash', async () => {
    const holder = await accountHolder(service, database);
    const organisationId = await addOrganisation(database.query, { members: [holder.userId] });
    await database.query(
      `insert into accounts.user_group_memberships (user_id, group_name, organisation_id) values ($1, 'driver', $2)`,
      [holder.userId, organisationId],
    );
    await database.query(
      `insert into accounts.user_group_memberships (user_id, group_name, is_active, deleted_at)
       values ($1, 'courier', false, now())`,
      [holder.userId],
    );
    await database.query(
      `insert into accounts.user_contacts (user_id, type, value, is_active, deactivated_at)
       values ($1, 'email', 'given-up@example.com', false, now())`,
      [holder.userId],
    );
    const user = await get(holder.userId);
    expect(user).toEqual({
      ...{ userId: holder.userId, state: UserState.ACTIVE, displayName: '', bio: '', country: '', language: '' },
      ...{ data: {}, hasPassword: true, deactivateTime: undefined, deleteTime: undefined },
      createTime: expect.any(Date),
      updateTime: user?.createTime,
      contacts: [
        ['email', holder.email],
        ['phone', holder.phone],
        ['second_login', holder.secondLogin],
      ].map(([type, value]) => ({
        ...{ contactId: expect.any(String), type, value, active: true, confirmed: true, primary: true },
        ...{ createTime: expect.any(Date), confirmTime: expect.any(Date), deactivateTime: undefined },
      })),
      roles: [
        { role: 'customer', organisationId: '' },
        { role: 'driver', organisationId },
      ],
    });
    const [row] = await database.query<{ password_hash: string }>(
      'select password_hash from accounts.users where id = $1',
      [holder.userId],
    );
    expect(JSON.stringify(user)).not.toContain(row?.password_hash);
  });

  it('says what has become of an account', async () => {
    const userId = await addRoleHolder(database.query);
    const seen = [];
    for (const what of [
      'is_guest = true',
      'is_active = false, deactivated_at = now()',
      'deleted_at = now()',
      'is_active = true, deactivated_at = null',
      'deleted_at = null, is_guest = false',
    ]) {
      await set(userId, what);
      const user = await get(userId);
      seen.push([user?.state, user?.deactivateTime !== undefined, user?.deleteTime !== undefined]);
    }
    expect(seen).toEqual([
      [UserState.GUEST, false, false],
      [UserState.DEACTIVATED, true, false],
      [UserState.DELETED, true, true],
      [UserState.DELETED, false, true],
      [UserState.ACTIVE, false, false],
    ]);
  });

  it('of nobody is refused, and an id is read in either case', async () => {
    expect(await refusalOf(get(randomUUID()))).toMatchObject(MISSING);
    const userId = await addRoleHolder(database.query);
    expect((await get(userId.toUpperCase()))?.userId).toBe(userId);
  });

  it.each(['', 'x', '6c0d8f3e-2f0e-4a37-9a0b-0d5a3c7f1a1', "'; drop table accounts.users; --"])(
    'refuses the id %j',
    async (userId) => {
      expect(await refusalOf(get(userId))).toMatchObject({ ...INVALID, fields: ['user_id'] });
    },
  );
});

describe('BatchGetUsers', () => {
  it('answers 100 in the order of the request, each as often as it was asked for', async () => {
    const ids = await Promise.all(Array.from({ length: 50 }, () => addRoleHolder(database.query)));
    const asked = [...ids.toReversed(), ...ids];
    expect(await batch(asked)).toEqual(asked);
  });

  it('is all or none: the first one missing is named', async () => {
    const [known, first, second] = [await addRoleHolder(database.query), randomUUID(), randomUUID()];
    expect(await refusalOf(batch([known, first, second]))).toMatchObject({ ...MISSING, metadata: { user_id: first } });
  });

  it.each([
    [[], ['user_ids']],
    [Array.from({ length: 101 }, () => randomUUID()), ['user_ids']],
    [
      [randomUUID(), '', 'x'],
      ['user_ids[1]', 'user_ids[2]'],
    ],
  ])('refuses %j', async (userIds, fields) => {
    expect(await refusalOf(batch(userIds))).toMatchObject({ ...INVALID, fields });
    expect(await refusalOf(lookUp(userIds))).toMatchObject({ ...INVALID, fields });
  });
});

describe('LookUpUsers', () => {
  it('answers with those that there are, each once, in the order in which they were first asked for', async () => {
    const [a, b, deleted, closed] = await Promise.all(Array.from({ length: 4 }, () => addRoleHolder(database.query)));
    if (!a || !b || !deleted || !closed) throw new Error('Four were made.');
    await set(deleted, 'deleted_at = now()');
    await set(closed, 'is_active = false, deactivated_at = now()');
    const users = await lookUp([closed, randomUUID(), b, deleted, a, b.toUpperCase(), closed]);
    expect(users.map((user) => [user.userId, user.state])).toEqual([
      [closed, UserState.DEACTIVATED],
      [b, UserState.ACTIVE],
      [a, UserState.ACTIVE],
    ]);
  });

  it('of nobody is an empty answer: 100 ids', async () => {
    expect(await lookUp(Array.from({ length: 100 }, () => randomUUID()))).toEqual([]);
  });

  it('is for services: a person’s token is no identity of one', async () => {
    const remote = await startService({ DATABASE_URL: database.serviceUrl, LOCAL_CALLERS: 'off' });
    try {
      const superadmin = await roleHolder(service, database, 'superadmin');
      expect(await refusalOf(remote.users.lookUpUsers({ userIds: [randomUUID()] }, superadmin.as))).toMatchObject({
        status: 'UNAUTHENTICATED',
        reason: 'SERVICE_IDENTITY_REQUIRED',
      });
    } finally {
      await remote.stop();
    }
  });
});

describe('Several users at once', () => {
  it('come without what the product keeps of them: 100 of the largest fit into what a client takes', async () => {
    const data = JSON.stringify({ numbers: Array.from({ length: 8100 }, () => 1) });
    const users = await database.query<{ id: string }>(
      `insert into accounts.users (profile) select $1::jsonb from generate_series(1, 100) returning id`,
      [data],
    );
    const userIds = users.map(({ id }) => id);
    const listed = (await service.usersAdmin.listUsers({ pageSize: 100 }, support.as)).users;
    const got = (await service.usersAdmin.batchGetUsers({ userIds }, support.as)).users;
    for (const several of [listed, got, await lookUp(userIds)]) {
      expect(several).toHaveLength(100);
      expect(several.filter((user) => user.data !== undefined)).toEqual([]);
    }
    expect((await get(userIds[0] ?? ''))?.data).toEqual(JSON.parse(data));
  });
});
