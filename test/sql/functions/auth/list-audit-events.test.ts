import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../../support/test-database.ts';
import type { TestDatabase } from '../../../support/test-database.ts';
import { connectSuperuser } from '../../superuser.ts';
import { addUser, only } from '../scene.ts';

const ENTRIES = 100_000;
const MOST_LOOKED_AT = 1000;
const id = (kind: string, number: number) => `${kind.repeat(8)}-0000-4000-8000-${String(number).padStart(12, '0')}`;

/** One entry a second until now. Actor 99, user 99, organisation 99 and the action `test.rare`: 7 of the oldest. */
const FILL = `
  insert into auth.audit_events (id, occurred_at, action, actor_id, user_id, organisation_id)
  select uuidv7(make_interval(secs => n - ${ENTRIES})), clock_timestamp() + make_interval(secs => n - ${ENTRIES}),
         case when n < 8 then 'test.rare' else 'test.action_' || chr(97 + n % 4) end,
         ('aaaaaaaa-0000-4000-8000-' || lpad((case when n < 8 then 99 else n % 20 end)::text, 12, '0'))::uuid,
         ('bbbbbbbb-0000-4000-8000-' || lpad((case when n < 8 then 99 else n % 50 end)::text, 12, '0'))::uuid,
         case when n % 3 = 0 or n < 8
           then ('cccccccc-0000-4000-8000-' || lpad((case when n < 8 then 99 else n % 10 end)::text, 12, '0'))::uuid end
    from generate_series(1, ${ENTRIES}) n`;

const FILTERS = ['actor_id', 'user_id', 'organisation_id', 'action', 'start', 'end'] as const;
type Filter = { readonly [F in (typeof FILTERS)[number]]?: string };

const COMMON = {
  actor_id: id('a', 6),
  user_id: id('b', 6),
  organisation_id: id('c', 6),
  action: 'test.action_c',
  // Of the 100 000 seconds, a window of 20 000.
  start: new Date(Date.now() - 50_000_000).toISOString(),
  end: new Date(Date.now() - 30_000_000).toISOString(),
};
const RARE = { actor_id: id('a', 99), user_id: id('b', 99), organisation_id: id('c', 99), action: 'test.rare' };

/** Every combination of filters. */
const COMBINATIONS: readonly Filter[] = Array.from({ length: 2 ** FILTERS.length }, (_, set): Filter =>
  Object.fromEntries(FILTERS.filter((_name, bit) => set & (1 << bit)).map((name) => [name, COMMON[name]])),
);

type Page = { ids: string[]; next: string | null };

let database: TestDatabase;
let connection: pg.Client;
let reader: string;
beforeAll(async () => {
  database = await createTestDatabase();
  connection = await connectSuperuser(database);
  reader = await addUser(database.query, 'manager');
  await database.query(FILL);
  await database.query('vacuum analyze auth.audit_events');
});
afterAll(async () => {
  await connection?.end();
  await database?.drop();
});

async function page(filter: Filter, before: string | null = null, limit = 100, by = reader): Promise<Page> {
  const { rows } = await connection.query<{ next_before: string | null; id: string | null }>(
    'select next_before, id from auth.list_audit_events($1, $2, $3, $4, $5, $6, $7, $8, $9)',
    [by, ...FILTERS.map((name) => filter[name] ?? null), before, limit],
  );
  return { ids: rows.flatMap((row) => row.id ?? []), next: rows[0]?.next_before ?? null };
}

/** What this connection has read of the table and not yet reported. Within a transaction it reports nothing. */
async function counted() {
  const { rows } = await connection.query<{ scans: number; fetched: number }>(
    `select seq_scan::int as scans, idx_tup_fetch::int as fetched
       from pg_stat_xact_user_tables where relid = 'auth.audit_events'::regclass`,
  );
  return only(rows);
}

/** What one page reads of the table, as PostgreSQL counts it. */
async function cost(filter: Filter) {
  await connection.query('begin');
  const before = await counted();
  const found = await page(filter);
  const after = await counted();
  await connection.query('rollback');
  return { ...found, scans: after.scans - before.scans, fetched: after.fetched - before.fetched };
}

/** The same list, as the table says it. */
async function expected(filter: Filter): Promise<string[]> {
  const rows = await database.query<{ id: string }>(
    `select e.id from auth.audit_events e
      where coalesce(e.actor_id = $1::uuid, $1 is null) and coalesce(e.user_id = $2::uuid, $2::uuid is null)
        and coalesce(e.organisation_id = $3::uuid, $3::uuid is null) and coalesce(e.action = $4::text, $4 is null)
        and coalesce(e.occurred_at >= $5::timestamptz, true) and coalesce(e.occurred_at < $6::timestamptz, true)
      order by e.id desc`,
    FILTERS.map((name) => filter[name] ?? null),
  );
  return rows.map((row) => row.id);
}

async function upTo(pages: number, filter: Filter, limit: number): Promise<Page> {
  const ids: string[] = [];
  let next: string | null = null;
  for (let n = 0; n < pages; n += 1) {
    const found: Page = await page(filter, next, limit);
    ids.push(...found.ids);
    next = found.next;
    if (next === null) break;
  }
  return { ids, next };
}

describe('auth.list_audit_events', () => {
  it.each(COMBINATIONS.map((filter) => [Object.keys(filter).join(', ') || 'nothing', filter] as const))(
    'filtered by %s shows each entry once, the latest first',
    async (_names, filter) => {
      const all = await expected(filter);
      const { ids, next } = await upTo(60, filter, 100);
      expect(ids).toEqual(all.slice(0, ids.length));
      // Short lists are gone through to their ends.
      if (all.length <= 1700) expect([ids.length, next]).toEqual([all.length, null]);
      else expect(ids.length).toBeGreaterThan(1000);
    },
  );

  it.each(['force_custom_plan', 'force_generic_plan'])(
    'looks at no more than 1000 entries a page, and never at all, with every combination: %s',
    async (mode) => {
      await connection.query(`set plan_cache_mode = ${mode}`);
      for (const filter of [...COMBINATIONS, ...COMBINATIONS.map((each) => ({ ...each, action: 'test.none' }))]) {
        const { scans, fetched } = await cost(filter);
        expect(scans, JSON.stringify(filter)).toBe(0);
        expect(fetched, JSON.stringify(filter)).toBeLessThanOrEqual(MOST_LOOKED_AT);
      }
      await connection.query('reset plan_cache_mode');
    },
  );

  it.each(Object.entries(RARE))(
    'finds what is rare and old by %s without looking at what came since',
    async (name, value) => {
      for (const mode of ['force_custom_plan', 'force_generic_plan']) {
        await connection.query(`set plan_cache_mode = ${mode}`);
        const found = await cost({ [name]: value });
        expect(found.ids).toHaveLength(7);
        expect(found).toMatchObject({ next: null, scans: 0, fetched: 7 });
      }
      await connection.query('reset plan_cache_mode');
    },
  );

  it('gives a page that holds nothing and says where to go on, where nothing meets the filters for long', async () => {
    const first = await page({ actor_id: id('a', 6), action: 'test.none' });
    expect(first.ids).toEqual([]);
    expect(first.next).not.toBeNull();
    const { ids, next } = await upTo(10, { actor_id: id('a', 6), action: 'test.none' }, 100);
    expect([ids, next]).toEqual([[], null]);
  });

  it('holds to the times of the entries, to the microsecond', async () => {
    const [entry] = await database.query<{ id: string; occurred_at: string }>(
      'select id, occurred_at::text as occurred_at from auth.audit_events order by id offset 500 limit 1',
    );
    const { id: wanted = '', occurred_at: time = '' } = entry ?? {};
    const after = only(
      await database.query<{ at: string }>(`select ($1::timestamptz + interval '1 microsecond')::text as at`, [time]),
    ).at;
    expect((await page({ start: time, end: after })).ids).toEqual([wanted]);
    expect((await page({ start: after, end: after })).ids).toEqual([]);
    expect((await upTo(3, { end: time }, 100)).ids).not.toContain(wanted);
  });

  it.each(['-infinity', '0001-01-01', '1969-12-31', '9999-12-31', 'infinity'])(
    'takes the time %s, which no id can have',
    async (time) => {
      const isPast = time < '2';
      expect((await page({ start: time })).ids).toHaveLength(isPast && time !== 'infinity' ? 100 : 0);
    },
  );

  it('is refused to those whose roles do not permit it now', async () => {
    for (const roles of [['support'], ['executor_head'], ['customer'], []]) {
      const other = await addUser(database.query, ...roles);
      await expect(page({}, null, 10, other)).rejects.toThrow('PERMISSION_REQUIRED');
    }
    await expect(page({}, null, 10, randomUUID())).rejects.toThrow('PERMISSION_REQUIRED');
  });
});
