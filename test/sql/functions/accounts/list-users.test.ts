import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import pg from 'pg';
import { createTestDatabase } from '../../../support/test-database.ts';
import type { TestDatabase } from '../../../support/test-database.ts';
import { addUser, only } from '../scene.ts';

const PEOPLE = 100_000;
const ORGANISATION = randomUUID();

let database: TestDatabase;
let actor: string;
let owner: pg.Client;
beforeAll(async () => {
  database = await createTestDatabase();
  await database.query('insert into accounts.organisations (id, name) values ($1, $2)', [ORGANISATION, 'Large']);
  // Of each thousand one is closed, one deleted and one a guest; one in ten drives, and one in five is a member.
  await database.query(
    `with added as materialized (
       insert into accounts.users (is_active, deactivated_at, deleted_at, is_guest)
       select n % 1000 <> 1, case when n % 1000 = 1 then now() end, case when n % 1000 = 2 then now() end, n % 1000 = 3
         from generate_series(1, $1::integer) n
       returning id
     ), people as materialized (select a.id, row_number() over (order by a.id) as n from added a),
     driving as (
       insert into accounts.user_group_memberships (user_id, group_name)
       select p.id, 'driver' from people p where p.n % 10 = 0
     ), others as (
       insert into accounts.user_group_memberships (user_id, group_name)
       select p.id, 'customer' from people p where p.n % 10 <> 0
     ), belonging as (
       insert into accounts.organisation_members (organisation_id, user_id)
       select $2, p.id from people p where p.n % 5 = 0
     )
     insert into accounts.user_contacts (user_id, type, value, confirmed_at)
     select p.id, 'phone', '+7' || lpad(p.n::text, 10, '0'), now() from people p`,
    [PEOPLE, ORGANISATION],
  );
  actor = await addUser(database.query, 'support');
  await database.query('analyze');
  owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
}, 120_000);
afterAll(async () => {
  await owner?.end();
  await database?.drop();
});

type Filter = { role?: string; organisation?: string; state?: string; prefix?: string };

const page = async (client: Pick<pg.Client, 'query'>, filter: Filter, after: string | null = null) =>
  (
    await client.query<{ next_position: string | null; account: object | null }>(
      'select * from accounts.list_users($1, $2, $3, $4, $5, $6, 50)',
      [
        ...[actor, filter.role ?? null, filter.organisation ?? null, filter.state ?? null],
        ...[filter.prefix ?? null, after],
      ],
    )
  ).rows;

/** Every combination of the filters, with what finds many and with what finds next to nothing. */
const ROLES = [undefined, 'driver', 'no_such_role'];
const STATES = [undefined, 'active', 'deactivated', 'deleted', 'guest'];
const PREFIXES = [undefined, '+70', '+7000005', 'nothing@'];
const FILTERS = ROLES.flatMap((role) =>
  [undefined, ORGANISATION].flatMap((organisation) =>
    STATES.flatMap((state) => PREFIXES.map((prefix) => ({ role, organisation, state, prefix }) as Filter)),
  ),
);

/** Of the tables that grow: rows read by sequential scans, and entries read by index scans, by this connection's work. */
async function readsOf(client: pg.Client, work: () => Promise<unknown>) {
  const counters = async () => {
    const { rows } = await client.query<{ scanned: number; entries: number }>(
      `select (select coalesce(sum(pg_stat_get_xact_tuples_returned(c.oid)), 0)::int from pg_class c
                where c.relname in ('users', 'user_contacts', 'user_group_memberships', 'organisation_members')) as scanned,
              (select coalesce(sum(pg_stat_get_xact_tuples_returned(i.indexrelid)), 0)::int
                 from pg_index i join pg_class c on c.oid = i.indrelid
                where c.relname in ('users', 'user_contacts', 'user_group_memberships', 'organisation_members')) as entries`,
    );
    return only(rows);
  };
  await client.query('begin');
  try {
    const before = await counters();
    await work();
    const after = await counters();
    return { scanned: after.scanned - before.scanned, entries: after.entries - before.entries };
  } finally {
    await client.query('rollback');
  }
}

describe('accounts.list_users on 100 000 users', () => {
  it(`reads no table from end to end, and a bounded part of each index: ${FILTERS.length} combinations`, async () => {
    let most = 0;
    for (const filter of FILTERS) {
      const { scanned, entries } = await readsOf(owner, () => page(owner, filter));
      expect(scanned, JSON.stringify(filter)).toBe(0);
      most = Math.max(most, entries);
    }
    // 500 candidates, and for each its row and a handful of entries for every other filter.
    expect(most).toBeGreaterThan(500);
    expect(most).toBeLessThanOrEqual(5000);
  });

  it('costs as little deep in the list, and with the plan for any values that a busy connection uses', async () => {
    await owner.query('set plan_cache_mode = force_generic_plan');
    try {
      for (const filter of FILTERS) {
        const next = (await page(owner, filter))[0]?.next_position ?? null;
        const { scanned, entries } = await readsOf(owner, () => page(owner, filter, next));
        expect(scanned, JSON.stringify(filter)).toBe(0);
        expect(entries, JSON.stringify(filter)).toBeLessThanOrEqual(5000);
      }
    } finally {
      await owner.query('reset plan_cache_mode');
    }
  });

  it('says where it goes on where none of those that it has looked at has passed', async () => {
    const rows = await page(owner, { role: 'driver', state: 'guest' });
    expect(rows).toEqual([{ next_position: expect.any(String), account: null }]);
    let [pages, found, after] = [0, 0, rows[0]?.next_position ?? null];
    while (after !== null) {
      const more = await page(owner, { role: 'driver', state: 'guest' }, after);
      found += more.filter(({ account }) => account !== null).length;
      after = more[0]?.next_position ?? null;
      pages += 1;
    }
    // 10 000 drivers.
    expect([pages, found]).toEqual([20, 0]);
  });

  it('notices a table that is read from end to end', async () => {
    const { scanned } = await readsOf(owner, () =>
      owner.query(`select count(*) from accounts.users where bio = 'x' or id = $1`, [actor]),
    );
    expect(scanned).toBeGreaterThan(PEOPLE);
  });
});
