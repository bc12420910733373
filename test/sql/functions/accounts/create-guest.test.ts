import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../../support/test-database.ts';
import type { TestDatabase } from '../../../support/test-database.ts';
import { only } from '../scene.ts';

let database: TestDatabase;
let service: pg.Client;
beforeAll(async () => {
  database = await createTestDatabase();
  service = new pg.Client({ connectionString: database.serviceUrl });
  await service.connect();
});
afterAll(async () => {
  await service?.end();
  await database?.drop();
});

const createGuest = async (name: string | null) =>
  only((await service.query<{ id: string }>('select accounts.create_guest($1) as id', [name])).rows).id;

describe('accounts.create_guest', () => {
  it('creates a user without contacts and password, with the role of the interface', async () => {
    const id = await createGuest('customer');
    expect(
      await database.query(
        `select u.is_guest, u.is_active, u.password_hash, accounts.get_user_roles(u.id) as roles,
                (select count(*)::int from accounts.user_contacts c where c.user_id = u.id) as contacts
           from accounts.users u where u.id = $1`,
        [id],
      ),
    ).toEqual([{ is_guest: true, is_active: true, password_hash: null, roles: ['guest'], contacts: 0 }]);
  });

  it.each(['driver', 'staff', 'moon', '', null])('refuses the interface %j and leaves nothing', async (name) => {
    const before = await database.query('select from accounts.users');
    await expect(createGuest(name)).rejects.toMatchObject({ message: 'ROLE_NOT_ASSIGNABLE', code: 'AU001' });
    expect(await database.query('select from accounts.users')).toHaveLength(before.length);
  });

  it('gives the role that the row of the interface names, unless it is switched off', async () => {
    await database.query(
      "insert into accounts.user_groups (name, title, level, listing, interface) values ('visitor', 'Visitor', 0, 'own', 'driver')",
    );
    await database.query("update accounts.interfaces set guest_role = 'visitor' where name = 'driver'");
    const id = await createGuest('driver');
    expect(await database.query('select accounts.get_user_roles($1) as roles', [id])).toEqual([{ roles: ['visitor'] }]);
    await database.query("update accounts.user_groups set is_active = false where name = 'visitor'");
    await expect(createGuest('driver')).rejects.toMatchObject({ message: 'ROLE_NOT_ASSIGNABLE' });
  });
});
