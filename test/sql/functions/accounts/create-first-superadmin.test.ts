import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../../support/test-database.ts';
import type { TestDatabase } from '../../../support/test-database.ts';
import { inParallel } from '../in-parallel.ts';
import { SOME_HASH } from '../scene.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

const create = (client: pg.Client, login: string) =>
  client.query(`select accounts.create_first_superadmin($1)`, [
    { password_hash: SOME_HASH, contacts: [{ type: 'second_login', value: login }] },
  ]);

describe('accounts.create_first_superadmin', () => {
  it('makes exactly one, when ten commands are given at once', async () => {
    const results = await inParallel(database.ownerUrl, 10, (client, index) => create(client, `admin-${index}`));
    const refused = results.filter((result) => result instanceof pg.DatabaseError);
    expect(refused.map(({ message }) => message)).toEqual(Array<string>(9).fill('SUPERADMIN_EXISTS'));

    expect(
      await database.query(
        `select c.is_active, m.group_name, e.type
           from accounts.users u
           join accounts.user_contacts c on c.user_id = u.id
           join accounts.user_group_memberships m on m.user_id = u.id
           join auth.outbox_events e on e.user_id = u.id`,
      ),
    ).toEqual([{ is_active: true, group_name: 'superadmin', type: 'account.superadmin_created' }]);
  });

  it('makes none later', async () => {
    const [later] = await inParallel(database.ownerUrl, 1, (client) => create(client, 'later'));
    expect(later).toMatchObject({ message: 'SUPERADMIN_EXISTS' });
  });
});
