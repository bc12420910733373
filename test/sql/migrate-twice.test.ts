import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrate } from '../../src/db/migrate.ts';
import { sourceFiles } from '../house/source-files.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

const REPEATABLE = [...sourceFiles('sql/functions', '.sql'), ...sourceFiles('sql/seed', '.sql')].map(({ path }) =>
  path.replace('sql/', ''),
);

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  // The right that sql/roles.sql gives the owner; a copy of the template has lost it.
  await database.query(
    `do $$ begin execute format('grant create on database %I to auth_owner', current_database()); end $$`,
  );
});
afterAll(() => database?.drop());

/** What the repeatable files make: the texts of functions with their grants, and the seeded rows. */
async function state() {
  const [row] = await database.query<{ functions: string; rows: string }>(`
    select
      (select md5(string_agg(pg_get_functiondef(p.oid) || coalesce(p.proacl::text, ''), '' order by p.oid::regprocedure::text))
         from pg_proc p where p.pronamespace::regnamespace::text in ('accounts', 'auth')) as functions,
      (select md5(jsonb_build_array(
         (select jsonb_agg(t order by t.name) from accounts.contact_types t),
         (select jsonb_agg(i order by i.name) from accounts.interfaces i),
         (select jsonb_agg(g order by g.name) from accounts.user_groups g),
         (select jsonb_agg(r order by r.interface, r.group_name) from accounts.user_group_registrations r),
         (select jsonb_agg(a order by a.granter, a.grantee) from accounts.user_group_grants a),
         (select jsonb_agg(p order by p.name) from accounts.permissions p),
         (select jsonb_agg(h order by h.role, h.permission) from accounts.role_permissions h))::text)) as rows`);
  return row;
}

describe('Migrating a database that is up to date', () => {
  it('applies nothing', async () => {
    expect(await migrate(database.ownerUrl)).toEqual({ migrations: [], files: [] });
  });

  it('applies a changed file, and that only', async () => {
    await database.query(`update deploy.applied_files set sha256 = 'old' where path = 'functions/auth/logout.sql'`);
    expect(await migrate(database.ownerUrl)).toEqual({ migrations: [], files: ['functions/auth/logout.sql'] });
  });

  it('may apply every function and seed file again: nothing is different afterwards', async () => {
    const before = await state();
    await database.query('delete from deploy.applied_files');
    const { files } = await migrate(database.ownerUrl);
    expect([...files].sort()).toEqual([...REPEATABLE].sort());
    expect(await state()).toEqual(before);
  });

  it('leaves a role as an administrator has made it', async () => {
    await database.query(`update accounts.user_groups set title = 'Chauffeur' where name = 'driver'`);
    await database.query(`delete from deploy.applied_files where path like 'seed/%'`);
    await migrate(database.ownerUrl);
    expect(await database.query(`select title from accounts.user_groups where name = 'driver'`)).toEqual([
      { title: 'Chauffeur' },
    ]);
  });

  it('is done once by several who start at the same moment', async () => {
    await database.query('delete from deploy.applied_files');
    const reports = await Promise.all(Array.from({ length: 4 }, () => migrate(database.ownerUrl)));
    expect(reports.map(({ files }) => files.length).sort((a, b) => a - b)).toEqual([0, 0, 0, REPEATABLE.length]);
  });
});
