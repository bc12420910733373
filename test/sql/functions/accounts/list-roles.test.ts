import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../../support/test-database.ts';
import type { TestDatabase } from '../../../support/test-database.ts';
import { addUser } from '../scene.ts';

const ALL = [
  ...['superadmin', 'manager', 'support', 'executor_head', 'firm_head'],
  ...['grocery_shop', 'order_desk', 'waybill_desk', 'courier', 'customer', 'driver', 'guest'],
];

/** Who asks (his roles; null: nobody), for which interface, and what he sees, in the order in which he sees it. */
const CASES: readonly [holds: readonly string[] | null, onInterface: string, sees: readonly string[]][] = [
  [null, 'customer', ['customer']],
  [null, 'driver', ['driver']],
  [null, 'executor_head', ['executor_head']],
  [null, 'staff', []],
  [null, 'moon', []],
  [['superadmin'], 'staff', ALL],
  [['manager'], 'staff', ALL],
  [['support'], 'customer', ALL],
  [['executor_head'], 'executor_head', ['courier', 'driver']],
  [['executor_head'], 'customer', ['executor_head']],
  [['executor_head'], 'firm_head', ['executor_head']],
  [['firm_head'], 'firm_head', ['grocery_shop', 'order_desk', 'waybill_desk']],
  [['order_desk'], 'firm_head', ['order_desk']],
  [['driver'], 'driver', ['driver']],
  [['driver'], 'executor_head', ['driver']],
  [['customer', 'driver'], 'staff', ['customer', 'driver']],
  [['customer', 'executor_head'], 'executor_head', ['courier', 'driver']],
  [['customer', 'executor_head'], 'customer', ['executor_head', 'customer']],
  [['executor_head', 'firm_head'], 'firm_head', ['grocery_shop', 'order_desk', 'waybill_desk']],
  [['driver', 'support'], 'driver', ALL],
  [[], 'customer', []],
];

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

async function list(onInterface: string, userId: string | null) {
  const { rows } = await service.query<{ name: string; is_default: boolean }>(
    'select name, is_default from accounts.list_roles($1, $2)',
    [onInterface, userId],
  );
  return rows;
}
const names = (rows: readonly { name: string }[]) => rows.map(({ name }) => name);

describe('accounts.list_roles', () => {
  it.each(CASES)('shows to a holder of %j on %s: %j', async (holds, onInterface, sees) => {
    const userId = holds && (await addUser(database.query, ...holds));
    expect(names(await list(onInterface, userId))).toEqual(sees);
  });

  describe('of roles held in organisations', () => {
    const organisations: string[] = [];
    beforeAll(async () => {
      const rows = await database.query<{ id: string }>(
        `insert into accounts.organisations (name) values ('One'), ('Another') returning id`,
      );
      organisations.push(...rows.map(({ id }) => id));
    });
    const addMember = async (inOrganisations: readonly string[], ...asSuch: readonly string[]) => {
      const userId = await addUser(database.query, ...asSuch);
      for (const [role, organisation] of inOrganisations.flatMap((role) => organisations.map((each) => [role, each]))) {
        await database.query('select accounts.add_user_to_group($1, $2, $3)', [userId, role, organisation]);
      }
      return userId;
    };

    it.each<[inOrganisations: string[], asSuch: string[], onInterface: string, sees: string[]]>([
      [['driver'], [], 'driver', ['driver']],
      [['driver'], ['driver', 'customer'], 'customer', ['customer', 'driver']],
      [['driver', 'order_desk'], ['customer'], 'firm_head', ['order_desk', 'customer', 'driver']],
      [['executor_head'], [], 'executor_head', ['courier', 'driver']],
      [['executor_head'], ['executor_head'], 'executor_head', ['courier', 'driver']],
      [['executor_head'], ['driver'], 'customer', ['executor_head', 'driver']],
      // What staff see goes with a role as such.
      [['support'], ['customer'], 'staff', ['support', 'customer']],
      [['superadmin', 'executor_head'], [], 'executor_head', ['courier', 'driver']],
      [['support'], ['support'], 'staff', ALL],
    ])(
      '%j in two of them and %j as such shows on %s, each once: %j',
      async (inOrganisations, asSuch, onInterface, sees) => {
        expect(names(await list(onInterface, await addMember(inOrganisations, ...asSuch)))).toEqual(sees);
      },
    );

    it('knows none that was taken away in each', async () => {
      const userId = await addMember(['driver'], 'customer');
      const take = `update accounts.user_group_memberships set is_active = false, deleted_at = now()
                     where user_id = $1 and group_name = 'driver' and organisation_id = $2`;
      await database.query(take, [userId, organisations[0]]);
      expect(names(await list('driver', userId))).toEqual(['customer', 'driver']);
      await database.query(take, [userId, organisations[1]]);
      expect(names(await list('driver', userId))).toEqual(['customer']);
    });
  });

  it('shows a head nothing above his own level, whatever the matrix says: he could not give it', async () => {
    const [head, own] = [await addUser(database.query, 'executor_head'), await addUser(database.query, 'customer')];
    await database.query(`insert into accounts.user_group_grants (granter, grantee) values
      ('executor_head', 'manager'), ('executor_head', 'executor_head'), ('customer', 'driver')`);
    expect(names(await list('executor_head', head))).toEqual(['executor_head', 'courier', 'driver']);
    // What somebody sees who is no head is his own, though he may give something.
    expect(names(await list('customer', own))).toEqual(['customer']);
    await database.query(`delete from accounts.user_group_grants
      where (granter, grantee) in (('executor_head', 'manager'), ('executor_head', 'executor_head'), ('customer', 'driver'))`);
    expect(names(await list('executor_head', head))).toEqual(['courier', 'driver']);
  });

  it('marks the role that one gets without asking', async () => {
    const rows = await list('driver', await addUser(database.query, 'manager'));
    expect(names(rows.filter((row) => row.is_default))).toEqual(['driver']);
  });

  it('knows no role that was taken away', async () => {
    const userId = await addUser(database.query, 'manager', 'customer');
    await database.query(
      `update accounts.user_group_memberships set is_active = false, deleted_at = now()
        where user_id = $1 and group_name = 'manager'`,
      [userId],
    );
    expect(names(await list('staff', userId))).toEqual(['customer']);
  });

  it('knows no role that is switched off, in the list or as a reason to see it', async () => {
    const [staff, anybody] = [await addUser(database.query, 'support'), null];
    await database.query(`update accounts.user_groups set is_active = false where name in ('support', 'courier')`);
    expect(names(await list('staff', staff))).toEqual([]);
    expect(names(await list('courier', anybody))).toEqual([]);
    await database.query(`update accounts.user_groups set is_active = true where name in ('support', 'courier')`);
    expect(names(await list('staff', staff))).toEqual(ALL);
  });
});
