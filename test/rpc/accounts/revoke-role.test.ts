import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { addOrganisation, addRoleHolder, roleHolder } from '../../support/delegation.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

let database: TestDatabase;
let first: TestService;
let second: TestService;
beforeAll(async () => {
  database = await createTestDatabase();
  const settings = { DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl') };
  first = await startService(settings);
  second = await startService(settings);
});
afterAll(async () => {
  await first?.stop();
  await second?.stop();
  await database?.drop();
});

const NOT_GRANTABLE = 'PERMISSION_DENIED ROLE_NOT_GRANTABLE';
const LAST_SUPERADMIN = 'FAILED_PRECONDITION LAST_SUPERADMIN';

async function superadmins(): Promise<string[]> {
  const rows = await database.query<{ id: string }>(
    `select m.user_id as id from accounts.user_group_memberships m join accounts.users u on u.id = m.user_id
      where m.group_name = 'superadmin' and m.organisation_id is null and m.is_active and u.is_active`,
  );
  return rows.map(({ id }) => id);
}

describe('RevokeRole', () => {
  it('takes a role once, from tokens of before, too, on both replicas', async () => {
    const manager = await roleHolder(first, database, 'manager');
    const user = await roleHolder(first, database, 'driver', 'customer');
    const asked = { userId: user.userId, role: 'driver' };
    const answer = await first.roles.revokeRole(asked, manager.as);
    expect(answer).toEqual({ revoked: true, revision: expect.any(Number) as number });
    for (const replica of [first, second]) {
      const { result } = await replica.auth.validateToken({ accessToken: user.tokens.accessToken });
      expect(result).toMatchObject({ $case: 'principal', value: { roles: ['customer'] } });
    }
    const repeat = await second.roles.revokeRole(asked, manager.as);
    expect(repeat.revoked).toBe(false);
    expect(repeat.revision).toBeGreaterThanOrEqual(answer.revision);
    const events = await database.query(
      'select action, actor_id as actor, data from auth.audit_events where user_id = $1 order by id',
      [user.userId],
    );
    expect(events).toEqual([{ action: 'role.revoked', actor: manager.userId, data: { role: 'driver' } }]);
  });

  it('takes what was given in an organisation, and leaves the role as such', async () => {
    const manager = await roleHolder(first, database, 'manager');
    const userId = await addRoleHolder(database.query, 'driver');
    const organisationId = await addOrganisation(database.query, { members: [userId] });
    const asked = { userId, role: 'driver', organisationId };
    await first.roles.grantRole(asked, manager.as);
    expect((await first.roles.revokeRole(asked, manager.as)).revoked).toBe(true);
    expect((await first.roles.revokeRole(asked, manager.as)).revoked).toBe(false);
    expect((await first.roles.revokeRole({ userId, role: 'driver' }, manager.as)).revoked).toBe(true);
  });

  it('takes from closed accounts, and from somebody who has left as from one who does not hold it', async () => {
    const manager = await roleHolder(first, database, 'manager');
    const userId = await addRoleHolder(database.query, 'driver');
    const organisationId = await addOrganisation(database.query, { members: [userId] });
    await database.query('update accounts.users set is_active = false, deactivated_at = now() where id = $1', [userId]);
    await database.query('update accounts.organisation_members set deleted_at = now() where user_id = $1', [userId]);
    expect((await first.roles.revokeRole({ userId, role: 'driver', organisationId }, manager.as)).revoked).toBe(false);
    expect((await first.roles.revokeRole({ userId, role: 'driver' }, manager.as)).revoked).toBe(true);
  });

  it('takes nothing from somebody who ranks higher, and nothing from oneself', async () => {
    const manager = await roleHolder(first, database, 'manager', 'driver');
    const superior = await addRoleHolder(database.query, 'superadmin', 'driver');
    for (const userId of [superior, manager.userId]) {
      expect(await outcomeOf(first.roles.revokeRole({ userId, role: 'driver' }, manager.as))).toBe(NOT_GRANTABLE);
    }
  });

  it('leaves one superadmin when two take the role from each other, 50 times', async () => {
    await database.query(
      "update accounts.user_group_memberships set is_active = false, deleted_at = now() where group_name = 'superadmin' and is_active",
    );
    for (let round = 0; round < 50; round += 1) {
      const [one, other] = await Promise.all([
        roleHolder(first, database, 'superadmin'),
        roleHolder(second, database, 'superadmin'),
      ]);
      const outcomes = await Promise.all([
        outcomeOf(first.roles.revokeRole({ userId: other.userId, role: 'superadmin' }, one.as)),
        outcomeOf(second.roles.revokeRole({ userId: one.userId, role: 'superadmin' }, other.as)),
      ]);
      expect(outcomes.toSorted()).toEqual(['OK', NOT_GRANTABLE]);
      const left = await superadmins();
      expect(left).toHaveLength(1);
      await database.query('delete from accounts.user_group_memberships where user_id = $1', [left[0]]);
    }
  });

  describe('where another role gives superadmin, too', () => {
    beforeAll(async () => {
      await database.query(
        `insert into accounts.user_groups (name, title, level, listing) values ('owner', 'Owner', 200, 'all')`,
      );
      await database.query(`insert into accounts.user_group_grants (granter, grantee) values ('owner', 'superadmin')`);
      await database.query("delete from accounts.user_group_memberships where group_name = 'superadmin'");
    });

    it('refuses to take it from the last one', async () => {
      const owner = await roleHolder(first, database, 'owner');
      const userId = await addRoleHolder(database.query, 'superadmin');
      const organisationId = await addOrganisation(database.query, { members: [userId] });
      // Neither a closed account nor one who is it in an organisation stands in for him.
      const closed = await addRoleHolder(database.query, 'superadmin');
      await database.query('update accounts.users set is_active = false, deactivated_at = now() where id = $1', [
        closed,
      ]);
      const elsewhere = await addRoleHolder(database.query);
      const theirs = await addOrganisation(database.query, { members: [elsewhere] });
      await first.roles.grantRole({ userId: elsewhere, role: 'superadmin', organisationId: theirs }, owner.as);

      const last = () => outcomeOf(first.roles.revokeRole({ userId, role: 'superadmin' }, owner.as));
      expect(await last()).toBe(LAST_SUPERADMIN);
      expect(await superadmins()).toEqual([userId]);
      // What he is in an organisation may go at any time.
      await first.roles.grantRole({ userId, role: 'superadmin', organisationId }, owner.as);
      const there = await first.roles.revokeRole({ userId, role: 'superadmin', organisationId }, owner.as);
      expect(there.revoked).toBe(true);

      await addRoleHolder(database.query, 'superadmin');
      expect(await last()).toBe('OK');
    });

    it('leaves one of two that are taken at once, 50 times', async () => {
      const owner = await roleHolder(first, database, 'owner');
      for (let round = 0; round < 50; round += 1) {
        await database.query("delete from accounts.user_group_memberships where group_name = 'superadmin'");
        const both = await Promise.all([1, 2].map(() => addRoleHolder(database.query, 'superadmin')));
        const outcomes = await Promise.all(
          both.map((userId, n) =>
            outcomeOf([first, second][n]!.roles.revokeRole({ userId, role: 'superadmin' }, owner.as)),
          ),
        );
        expect(outcomes.toSorted()).toEqual([LAST_SUPERADMIN, 'OK']);
        expect(await superadmins()).toHaveLength(1);
      }
    });
  });
});
