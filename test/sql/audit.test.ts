import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pruneAudit } from '../../src/admin/prune-audit.ts';
import { createCallFunction } from '../../src/db/call-function.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
let service: pg.Client;
let owner: pg.Client;
beforeAll(async () => {
  database = await createTestDatabase();
  service = new pg.Client({ connectionString: database.serviceUrl });
  owner = new pg.Client({ connectionString: database.ownerUrl });
  await Promise.all([service.connect(), owner.connect()]);
});
afterAll(async () => {
  await Promise.all([service?.end(), owner?.end()]);
  await database?.drop();
});

/** Functions whose bodies say what changes or removes entries of the audit. Ours have no dynamic SQL. */
async function changers(): Promise<string[]> {
  const rows = await database.query<{ name: string }>(
    String.raw`
    select p.oid::regproc::text as name
      from pg_proc p
     where p.pronamespace::regnamespace::text in ('accounts', 'auth', 'deploy')
       and regexp_replace(coalesce(pg_get_function_sqlbody(p.oid), p.prosrc), '--[^\n]*', '', 'g')
           ~* '\m(update|delete\s+from|truncate(\s+table)?|merge\s+into)\s+(only\s+)?(auth\.)?audit_events\M'
     order by 1`,
  );
  return rows.map(({ name }) => name);
}

/** What the service may execute, and every function that is named in the body of one, and so on. */
const REACHABLE = String.raw`
  with recursive functions as (
    select p.oid, p.oid::regproc::text as name, coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) as body
      from pg_proc p where p.pronamespace::regnamespace::text in ('accounts', 'auth')
  ), reachable as (
    select f.oid, f.name, f.body from functions f where has_function_privilege('auth_service', f.oid, 'execute')
    union
    select f.oid, f.name, f.body from reachable r join functions f on r.body ~ (replace(f.name, '.', '\.') || '\s*\(')
  )
  select name from reachable`;

describe('The audit', () => {
  it('is changed by one function, which the service does not reach', async () => {
    expect(await changers()).toEqual(['auth.prune_audit_events']);
    const reachable = (await database.query<{ name: string }>(REACHABLE)).map(({ name }) => name);
    expect(reachable).toEqual(expect.arrayContaining(['auth.append_audit_event', 'auth.list_audit_events']));
    expect(reachable).not.toContain('auth.prune_audit_events');
  });

  it.each([
    ['update', `language sql as 'update auth.audit_events set action = ''a.b'''`],
    ['delete', `language sql begin atomic delete from auth.audit_events; end`],
    ['truncate', `language plpgsql as 'begin truncate table auth.audit_events; end'`],
  ])('is seen to be changed by another one, with %s', async (_verb, body) => {
    await database.query(`create function auth.planted() returns void ${body}`);
    expect(await changers()).toContain('auth.planted');
    await database.query('drop function auth.planted()');
  });

  it('hangs on no other table, and nothing happens behind it', async () => {
    const behind = await database.query(
      `select conname::text from pg_constraint where conrelid = 'auth.audit_events'::regclass and contype = 'f'
       union all select tgname::text from pg_trigger where tgrelid = 'auth.audit_events'::regclass
       union all select rulename::text from pg_rules where schemaname = 'auth' and tablename = 'audit_events'`,
    );
    expect(behind).toEqual([]);
  });

  it.each([
    `insert into auth.audit_events (action, actor_id) values ('a.b', gen_random_uuid())`,
    `update auth.audit_events set action = 'a.b'`,
    'delete from auth.audit_events',
    'truncate auth.audit_events',
    `select auth.append_audit_event('a.b', gen_random_uuid(), null, null, null, '{}')`,
    `select auth.prune_audit_events('400 days', 10)`,
  ])('denies the service: %s', async (statement) => {
    await expect(service.query(statement)).rejects.toMatchObject({ code: '42501' });
  });
});

describe('npm run admin -- prune-audit', () => {
  const prune = async (olderThan: string | undefined, batch?: number) =>
    await pruneAudit({ call: createCallFunction(owner) }, olderThan, batch);
  const left = async () =>
    (await database.query<{ action: string }>('select distinct action from auth.audit_events order by 1')).map(
      ({ action }) => action,
    );

  it('removes what is older, in batches, and says how many; the rest stays', async () => {
    await database.query(
      `insert into auth.audit_events (id, occurred_at, action, actor_id)
       select uuidv7(-age.at), clock_timestamp() - age.at, age.action, gen_random_uuid()
         from (values (interval '401 days', 'test.old'), (interval '399 days', 'test.late'), (interval '0', 'test.new'))
              age (at, action)
        cross join generate_series(1, 25)`,
    );
    expect(await prune('400d', 10)).toBe('Removed 25 entries of the audit that were older than 400d.');
    expect(await left()).toEqual(['test.late', 'test.new']);
    expect(await prune('400d', 10)).toBe('Removed 0 entries of the audit that were older than 400d.');
    const told = await database.query<{ removed: number }>(
      `select (data ->> 'removed')::int as removed from auth.outbox_events where type = 'audit.pruned' order by id`,
    );
    expect(told.map(({ removed }) => removed)).toEqual([10, 10, 5]);
    expect(await prune('30d')).toBe('Removed 25 entries of the audit that were older than 30d.');
    expect(await left()).toEqual(['test.new']);
  });

  it.each([undefined, '', '29d', '0d', '-1d', '400', 'all', '400 days', '999999999d'])('refuses %j', async (age) => {
    await expect(prune(age)).rejects.toThrow(/^prune-audit needs an age: --older-than=400d; it must be /);
    expect(await left()).toEqual(['test.new']);
  });

  it.each([null, '29 days 23 hours', '0', '-1 day'])('is refused by the database, too: %j', async (age) => {
    await expect(owner.query('select auth.prune_audit_events($1, 10)', [age])).rejects.toThrow('AUDIT_TOO_YOUNG');
  });
});
