import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { UsersAdminServiceDefinition } from '../../../src/gen/accounts/v1/users_admin_service.ts';
import { addRoleHolder, roleHolder } from '../../support/delegation.ts';
import { giveEmail, newEmail } from '../../support/organisations.ts';
import type { RoleHolder } from '../../support/organisations.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { problemOf } from '../../support/validation.ts';
import { untilWaiting } from '../../sql/functions/waiting.ts';

let database: TestDatabase;
let service: TestService;
let other: TestService;
beforeAll(async () => {
  database = await createTestDatabase();
  const settings = { DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl') };
  service = await startService(settings);
  other = await startService(settings);
});
afterAll(async () => {
  await service?.stop();
  await other?.stop();
  await database?.drop();
});

type As = RoleHolder['as'];
type Call = (userId: string, as: As) => Promise<unknown>;
type Row = readonly [call: Call, permission: string];

/** What an administrator does to one user; a new rpc with a user_id fails the test below until it is here. */
const ACTS: Record<string, Row> = {
  updateUser: [
    (userId, as) =>
      service.usersAdmin.updateUser({ userId, profile: { bio: crypto.randomUUID() }, updateMask: ['bio'] }, as),
    'accounts.users.update',
  ],
  deactivateUser: [(userId, as) => service.usersAdmin.deactivateUser({ userId }, as), 'accounts.users.deactivate'],
  reactivateUser: [(userId, as) => service.usersAdmin.reactivateUser({ userId }, as), 'accounts.users.deactivate'],
  deleteUser: [(userId, as) => service.usersAdmin.deleteUser({ userId }, as), 'accounts.users.delete'],
  restoreUser: [(userId, as) => service.usersAdmin.restoreUser({ userId }, as), 'accounts.users.delete'],
  resetUserPassword: [
    (userId, as) => service.usersAdmin.resetUserPassword({ userId }, as),
    'accounts.users.reset_password',
  ],
  endUserSessions: [(userId, as) => service.usersAdmin.endUserSessions({ userId }, as), 'auth.sessions.end'],
  revokeUserTokens: [(userId, as) => service.usersAdmin.revokeUserTokens({ userId }, as), 'auth.tokens.revoke'],
};
const READS: Record<string, Row> = {
  getUser: [(userId, as) => service.usersAdmin.getUser({ userId }, as), 'accounts.users.read'],
  batchGetUsers: [(userId, as) => service.usersAdmin.batchGetUsers({ userIds: [userId] }, as), 'accounts.users.read'],
  listUsers: [(_userId, as) => service.usersAdmin.listUsers({}, as), 'accounts.users.read'],
  listUserSessions: [(userId, as) => service.usersAdmin.listUserSessions({ userId }, as), 'auth.sessions.read'],
};
const CREATION: Record<string, Row> = {
  createUser: [
    (_userId, as) => service.usersAdmin.createUser({ contacts: [{ type: 'email', value: newEmail() }] }, as),
    'accounts.users.create',
  ],
};
const ACT_ROWS = Object.entries(ACTS).map(([name, [call, permission]]) => ({ name, call, permission }));
const READ_ROWS = Object.entries(READS).map(([name, [call, permission]]) => ({ name, call, permission }));
const CREATION_ROWS = Object.entries(CREATION).map(([name, [call, permission]]) => ({ name, call, permission }));
const ALL_ROWS = [...ACT_ROWS, ...READ_ROWS, ...CREATION_ROWS];

/** Everything of a user that an administrator could change. */
const snapshot = async (userId: string) =>
  await database.query(
    `select u.*, array(select s.id || coalesce(s.ended_at::text, '') from auth.sessions s where s.user_id = u.id order by 1) as sessions,
            (select count(*)::int from auth.audit_events e where e.user_id = u.id) as entries,
            (select count(*)::int from auth.messages m where m.user_id = u.id) as messages
       from accounts.users u where u.id = $1`,
    [userId],
  );
const grantSupport = (permission: string) =>
  database.query(
    `insert into accounts.role_permissions (role, permission) values ('support', $1) on conflict do nothing`,
    [permission],
  );

it('The table holds every rpc of the service but ImportUsers, which names no user', () => {
  const rpcs = Object.keys(UsersAdminServiceDefinition.methods).filter((name) => name !== 'importUsers');
  expect(ALL_ROWS.map(({ name }) => name).sort()).toEqual(rpcs.sort());
});

describe('Somebody who ranks higher', () => {
  it.each(ACT_ROWS)('is out of the reach of $name, whatever it permits', async ({ call, permission }) => {
    await grantSupport(permission);
    const [support, manager] = [
      await roleHolder(service, database, 'support'),
      await roleHolder(service, database, 'manager'),
    ];
    for (const role of ['superadmin', 'manager']) {
      const target = await roleHolder(service, database, role, 'customer');
      await giveEmail(database, target.userId);
      for (const what of ['', 'deactivated_at = now(), is_active = false', 'deleted_at = now()']) {
        if (what !== '') await database.query(`update accounts.users set ${what} where id = $1`, [target.userId]);
        const before = await snapshot(target.userId);
        expect(await refusalOf(call(target.userId, support.as))).toMatchObject({
          status: 'PERMISSION_DENIED',
          reason: 'USER_OUTRANKS_CALLER',
        });
        expect(await snapshot(target.userId)).toEqual(before);
      }
    }
    // A rank of one organisation counts for nothing outside it, on neither side.
    const equal = await addRoleHolder(database.query, 'manager');
    expect(await outcomeOf(call(equal, manager.as))).not.toBe('PERMISSION_DENIED USER_OUTRANKS_CALLER');
  });
});

describe('A permission', () => {
  it.each(ALL_ROWS)('that no role of the caller holds keeps him from $name', async ({ call, permission }) => {
    const userId = await addRoleHolder(database.query, 'customer');
    for (const role of ['customer', 'executor_head']) {
      const caller = await roleHolder(service, database, role);
      expect(await refusalOf(call(userId, caller.as))).toMatchObject({
        status: 'PERMISSION_DENIED',
        reason: 'PERMISSION_REQUIRED',
        metadata: { permission },
      });
    }
  });

  it.each([...ACT_ROWS, ...CREATION_ROWS])(
    'that was taken away between the front door and the function keeps him from $name',
    async ({ call, permission }) => {
      const caller = await roleHolder(service, database, 'superadmin');
      const userId = await addRoleHolder(database.query, 'customer');
      const before = await snapshot(userId);
      const holder = new pg.Client({ connectionString: database.ownerUrl });
      await holder.connect();
      try {
        // Who takes a role away holds the row of its holder, as here.
        await holder.query('begin');
        await holder.query('select from accounts.users where id = $1 for no key update', [caller.userId]);
        const called = refusalOf(call(userId, caller.as));
        await untilWaiting(database.query, 'select * from');
        await holder.query(
          'update accounts.user_group_memberships set is_active = false, deleted_at = now() where user_id = $1',
          [caller.userId],
        );
        await holder.query('commit');
        expect(await called).toMatchObject({ reason: 'PERMISSION_REQUIRED', metadata: { permission } });
      } finally {
        await holder.end();
      }
      expect(await snapshot(userId)).toEqual(before);
    },
  );

  it.each([
    ['accounts.get_users($1, array[$1::uuid])', 'accounts.users.read'],
    ['accounts.list_users($1, null, null, null, null, null, 1)', 'accounts.users.read'],
    ['auth.list_user_sessions($1, $1)', 'auth.sessions.read'],
  ])('is asked for once more by %s', async (call, permission) => {
    const userId = await addRoleHolder(database.query, 'customer');
    const asked = database.query(`select * from ${call}`, [userId]);
    await expect(asked).rejects.toMatchObject({
      message: 'PERMISSION_REQUIRED',
      detail: expect.stringContaining(`"${permission}"`),
    });
  });
});

describe('Two superadmins', () => {
  const takeRole = (userId: string, as: As) => other.roles.revokeRole({ userId, role: 'superadmin' }, as);
  const closings: Record<string, Call> = {
    deactivating: (userId, as) => service.usersAdmin.deactivateUser({ userId }, as),
    deleting: (userId, as) => service.usersAdmin.deleteUser({ userId }, as),
  };

  it.each([
    ['deactivating', 'deactivating'],
    ['deactivating', 'deleting'],
    ['deleting', 'deleting'],
    ['deleting', 'taking the role from'],
    ['deactivating', 'taking the role from'],
  ])('%s and %s each other at the same moment: one always stays, 50 times', async (one, another) => {
    const acts = { ...closings, 'taking the role from': takeRole };
    const [first, second] = [acts[one as keyof typeof acts], acts[another as keyof typeof acts]];
    if (!first || !second) throw new Error('There is no such act.');
    for (let round = 0; round < 50; round += 1) {
      await database.query(
        `update accounts.user_group_memberships set is_active = false, deleted_at = now()
          where group_name = 'superadmin' and is_active`,
      );
      const [a, b] = [
        await roleHolder(service, database, 'superadmin'),
        await roleHolder(service, database, 'superadmin'),
      ];
      const outcomes = await Promise.all([outcomeOf(first(b.userId, a.as)), outcomeOf(second(a.userId, b.as))]);
      expect(outcomes.filter((outcome) => outcome === 'OK')).toHaveLength(1);
      const stays = await database.query(
        `select from accounts.user_group_memberships m join accounts.users u on u.id = m.user_id
          where m.group_name = 'superadmin' and m.is_active and u.is_active and u.deleted_at is null`,
      );
      expect(stays).toHaveLength(1);
    }
  });

  it.each(['deactivating', 'deleting'])('and the last one: %s oneself is refused', async (act) => {
    await database.query(
      `update accounts.user_group_memberships set is_active = false, deleted_at = now()
        where group_name = 'superadmin' and is_active`,
    );
    const last = await roleHolder(service, database, 'superadmin');
    const closed = await addRoleHolder(database.query, 'superadmin');
    await database.query('update accounts.users set deleted_at = now() where id = $1', [closed]);
    const call = closings[act];
    if (!call) throw new Error('There is no such act.');
    expect(await refusalOf(call(last.userId, last.as))).toMatchObject({
      status: 'FAILED_PRECONDITION',
      reason: 'LAST_SUPERADMIN',
    });
    expect(await problemOf(other, last.tokens.accessToken)).toBeNull();
  });
});
