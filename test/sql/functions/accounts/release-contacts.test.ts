import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../../support/test-database.ts';
import type { TestDatabase } from '../../../support/test-database.ts';
import { inParallel } from '../in-parallel.ts';
import { only } from '../scene.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());
beforeEach(async () => {
  await database.query('delete from accounts.users');
});

/** Accounts with three contacts each, one of them not confirmed, that were closed so long ago; null: never. */
async function addAccounts(count: number, closedAgo: string | null): Promise<void> {
  await database.query(
    `with added as (
       insert into accounts.users (is_active, deactivated_at)
       select $2::interval is null, now() - $2::interval from generate_series(1, $1)
       returning id
     )
     insert into accounts.user_contacts (user_id, type, value, confirmed_at, is_primary)
     select a.id, c.type, c.value || a.id, case when c.type <> 'phone' then now() end, c.type <> 'phone'
       from added a
      cross join (values ('second_login', ''), ('email', 'e@'), ('phone', '+')) c (type, value)`,
    [count, closedAgo],
  );
}

async function release(client: { query: pg.Client['query'] }, batch: number): Promise<number> {
  const { rows } = await client.query<{ released: number }>(
    `select accounts.release_contacts($1, interval '90 days') as released`,
    [batch],
  );
  return only(rows).released;
}

/** By its own connection, as the service. */
async function releaseAlone(batch: number): Promise<number> {
  const [released] = await inParallel(database.serviceUrl, 1, (client) => release(client, batch));
  if (typeof released !== 'number') throw released ?? new Error('There was no answer.');
  return released;
}

const active = async () =>
  only(
    await database.query<{ count: number }>(
      'select count(*)::int as count from accounts.user_contacts where is_active',
    ),
  ).count;

describe('accounts.release_contacts', () => {
  it('frees the contacts of accounts that were closed long enough ago, and no others', async () => {
    await addAccounts(3, '90 days');
    await addAccounts(2, '89 days 23 hours');
    await addAccounts(4, null);
    expect(await releaseAlone(100)).toBe(3);
    expect(await active()).toBe(6 * 3);
    const freed = await database.query(
      `select distinct is_primary, deactivated_at is not null as has_time from accounts.user_contacts where not is_active`,
    );
    expect(freed).toEqual([{ is_primary: false, has_time: true }]);
    // Those are done with.
    expect(await releaseAlone(100)).toBe(0);
  });

  it('frees those of deleted accounts, too, from when they were closed or else deleted', async () => {
    await addAccounts(3, null);
    await database.query("update accounts.users set deleted_at = now() - interval '90 days'");
    await addAccounts(2, '90 days');
    await addAccounts(4, '89 days');
    await database.query('update accounts.users set deleted_at = now() where deleted_at is null');
    expect(await releaseAlone(100)).toBe(5);
    expect(await active()).toBe(4 * 3);
  });

  it('takes a batch at a time, the longest closed first', async () => {
    await addAccounts(1, '91 days');
    await addAccounts(5, '90 days');
    expect(await releaseAlone(1)).toBe(1);
    const [first] = await database.query<{ days: number }>(
      `select round(extract(epoch from now() - deactivated_at) / 86400)::int as days
         from accounts.users where contacts_released_at is not null`,
    );
    expect(first?.days).toBe(91);
    expect([await releaseAlone(3), await releaseAlone(3), await releaseAlone(3)]).toEqual([3, 2, 0]);
    expect(await active()).toBe(0);
  });

  it('of 8 replicas at once frees each account once', async () => {
    await addAccounts(400, '100 days');
    const released = await inParallel(database.serviceUrl, 8, async (client) => {
      let total = 0;
      for (;;) {
        const count = await release(client, 20);
        total += count;
        if (count === 0) return total;
      }
    });
    expect(released.reduce<number>((sum, count) => sum + (count as number), 0)).toBe(400);
    expect(await active()).toBe(0);
  });

  it('waits for no account that somebody else holds', async () => {
    await addAccounts(3, '100 days');
    const holder = new pg.Client({ connectionString: database.ownerUrl });
    await holder.connect();
    try {
      await holder.query('begin');
      await holder.query('select from accounts.users order by id limit 1 for update');
      expect(await releaseAlone(100)).toBe(2);
      await holder.query('rollback');
    } finally {
      await holder.end();
    }
    expect(await releaseAlone(100)).toBe(1);
  });
});
