import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../../support/test-database.ts';
import type { TestDatabase } from '../../../support/test-database.ts';
import { addUser, only } from '../scene.ts';

const PERMISSION = 'auth.tokens.explain';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

async function isPermitted(userId: string, permission = PERMISSION): Promise<boolean> {
  const rows = await database.query<{ answer: boolean }>('select accounts.has_permission($1, $2) as answer', [
    userId,
    permission,
  ]);
  return only(rows).answer;
}

describe('accounts.has_permission', () => {
  it.each([
    [['superadmin'], true],
    [['support'], true],
    [['customer', 'support'], true],
    [['manager'], false],
    [['executor_head'], false],
    [['firm_head'], false],
    [['driver', 'customer'], false],
    [[], false],
  ])('of a holder of %j is %s', async (roles, answer) => {
    expect(await isPermitted(await addUser(database.query, ...roles))).toBe(answer);
  });

  it.each([
    [
      'his role was taken away',
      'update accounts.user_group_memberships set is_active = false, deleted_at = now() where user_id = $1',
    ],
    ['his membership is gone', 'delete from accounts.user_group_memberships where user_id = $1'],
    ['he was deactivated', 'update accounts.users set is_active = false where id = $1'],
    ['he was deleted', 'update accounts.users set deleted_at = now() where id = $1'],
  ])('is lost at once when %s', async (_, change) => {
    const userId = await addUser(database.query, 'support');
    expect(await isPermitted(userId)).toBe(true);
    await database.query(change, [userId]);
    expect(await isPermitted(userId)).toBe(false);
  });

  it.each([
    [
      'the role does not hold it any more',
      `delete from accounts.role_permissions where role = 'support'`,
      `insert into accounts.role_permissions (role, permission) values ('support', '${PERMISSION}')`,
    ],
    [
      'the role was deactivated',
      `update accounts.user_groups set is_active = false where name = 'support'`,
      `update accounts.user_groups set is_active = true where name = 'support'`,
    ],
  ])('is lost by all holders when %s, and comes back', async (_, change, restore) => {
    const userId = await addUser(database.query, 'support');
    await database.query(change);
    expect(await isPermitted(userId)).toBe(false);
    await database.query(restore);
    expect(await isPermitted(userId)).toBe(true);
  });

  it('of nobody, and for what there is not, is none', async () => {
    const superadmin = await addUser(database.query, 'superadmin');
    expect(await isPermitted(crypto.randomUUID())).toBe(false);
    for (const permission of ['', 'auth.tokens', 'auth.tokens.explain ', 'AUTH.TOKENS.EXPLAIN', '%']) {
      expect(await isPermitted(superadmin, permission)).toBe(false);
    }
  });
});
