import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

/** Foreign keys whose columns lead no complete index: each would scan its table when the row that it points at goes. */
const WITHOUT_INDEX = `
  select c.conrelid::regclass::text as relation, c.conname as name
    from pg_constraint c
   where c.contype = 'f' and c.connamespace::regnamespace::text in ('accounts', 'auth', 'deploy')
     and not exists (
       select from pg_index i
        where i.indrelid = c.conrelid and i.indpred is null and i.indisvalid
          and (i.indkey::smallint[])[0:cardinality(c.conkey) - 1] @> c.conkey
     )
   order by 1, 2`;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

describe('Every foreign key', () => {
  it('has an index', async () => {
    const [counted] = await database.query<{ count: string }>(`select count(*) from pg_constraint where contype = 'f'`);
    expect(Number(counted?.count)).toBeGreaterThan(5);
    expect(await database.query(WITHOUT_INDEX)).toEqual([]);
  });

  it.each([
    ['no index', ''],
    ['an index of some rows', 'create index on auth.planted (user_id) where note is not null'],
    ['an index that begins with another column', 'create index on auth.planted (note, user_id)'],
  ])('is found with %s', async (_what, index) => {
    await database.query(`create table auth.planted (user_id uuid references accounts.users, note text); ${index}`);
    const found = await database.query(WITHOUT_INDEX);
    await database.query('drop table auth.planted');
    expect(found).toEqual([{ relation: 'auth.planted', name: 'planted_user_id_fkey' }]);
  });
});
