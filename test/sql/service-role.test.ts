import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

const SCHEMAS = ['accounts', 'auth', 'deploy'];

/** What the service may execute: this list and nothing else. A new grant is a decision, and is written down here. */
const GRANTED = [
  'accounts.accept_invitation',
  'accounts.add_contact',
  'accounts.cancel_invitation',
  'accounts.change_password',
  'accounts.check_invitation',
  'accounts.check_permission',
  'accounts.confirm_contact',
  'accounts.create_guest',
  'accounts.create_organisation',
  'accounts.create_user',
  'accounts.create_user_with_relations',
  'accounts.deactivate_account',
  'accounts.deactivate_contact',
  'accounts.deactivate_user',
  'accounts.delete_user',
  'accounts.find_reset_contact',
  'accounts.find_user_for_support',
  'accounts.get_active_user_contact_by_value',
  'accounts.get_contact',
  'accounts.get_password',
  'accounts.get_profile',
  'accounts.get_user_roles',
  'accounts.get_users',
  'accounts.grant_role',
  'accounts.import_users',
  'accounts.invite_member',
  'accounts.is_contact_available',
  'accounts.list_assignable_roles',
  'accounts.list_contact_types',
  'accounts.list_contacts',
  'accounts.list_interfaces',
  'accounts.list_invitations',
  'accounts.list_members',
  'accounts.list_organisations',
  'accounts.list_permissions',
  'accounts.list_roles',
  'accounts.list_users',
  'accounts.look_up_users',
  'accounts.note_rank_refusal',
  'accounts.reactivate_user',
  'accounts.release_contacts',
  'accounts.remove_member',
  'accounts.reset_password',
  'accounts.restore_user',
  'accounts.revoke_role',
  'accounts.set_password',
  'accounts.set_primary_contact',
  'accounts.update_member',
  'accounts.update_profile',
  'accounts.update_user',
  'accounts.upgrade_password_hash',
  'auth.add_signing_key',
  'auth.append_event',
  'auth.check_challenge',
  'auth.claim_messages',
  'auth.consume_refresh_token',
  'auth.create_refresh_token',
  'auth.create_session',
  'auth.delete_expired',
  'auth.end_session',
  'auth.end_user_sessions',
  'auth.explain_token',
  'auth.find_registration',
  'auth.finish_message',
  'auth.forget_replica',
  'auth.forgive_login_attempts',
  'auth.is_recent_login',
  'auth.link_guest',
  'auth.list_audit_events',
  'auth.list_messages',
  'auth.list_own_privileges',
  'auth.list_sessions',
  'auth.list_signing_keys',
  'auth.list_user_sessions',
  'auth.lock_registration',
  'auth.logout',
  'auth.note_refused_refresh',
  'auth.read_revocations',
  'auth.redeem_challenge',
  'auth.register_replica',
  'auth.release_login_attempt',
  'auth.remember_registration',
  'auth.resend_message',
  'auth.reserve_login_attempt',
  'auth.revoke_user_tokens',
  'auth.start_challenge',
  'auth.touch_replica',
  'auth.touch_sessions',
  'auth.upgrade_guest',
];

type Relation = { name: string; column: string };
type StoredFunction = { name: string; types: string[] };

let database: TestDatabase;
let service: pg.Client;
let tables: Relation[];
let sequences: string[];
let functions: StoredFunction[];

beforeAll(async () => {
  database = await createTestDatabase();
  service = new pg.Client({ connectionString: database.serviceUrl });
  await service.connect();
  tables = await database.query<Relation>(
    `select format('%I.%I', n.nspname, c.relname) as name, quote_ident(a.attname) as column
       from pg_class c
       join pg_namespace n on n.oid = c.relnamespace
       cross join lateral (
         -- Of an identity column PostgreSQL says that it cannot be set before it says that it may not be.
         select a.attname from pg_attribute a
          where a.attrelid = c.oid and a.attnum > 0 and a.attidentity = '' order by a.attnum limit 1
       ) a
      where n.nspname = any ($1) and c.relkind in ('r', 'p', 'v', 'm', 'f')
      order by 1`,
    [SCHEMAS],
  );
  const found = await database.query<{ name: string }>(
    `select oid::regclass::text as name from pg_class
      where relnamespace::regnamespace::text = any ($1) and relkind = 'S' order by 1`,
    [SCHEMAS],
  );
  sequences = found.map(({ name }) => name);
  functions = await database.query<StoredFunction>(
    `select p.oid::regproc::text as name,
            array(select format_type(type, null) from unnest(p.proargtypes) as a (type))::text[] as types
       from pg_proc p where p.pronamespace::regnamespace::text = any ($1) order by 1`,
    [SCHEMAS],
  );
});
afterAll(async () => {
  await service?.end();
  await database?.drop();
});

/** The SQLSTATE that a statement of the service ends with, and `allowed` for one that does not fail. Nothing is kept. */
async function outcomeOf(statement: string): Promise<string> {
  await service.query('begin');
  try {
    await service.query(statement);
    return 'allowed';
  } catch (error) {
    return (error as pg.DatabaseError).code ?? String(error);
  } finally {
    await service.query('rollback');
  }
}

/** Those of the statements that do not end with "permission denied". */
async function notDenied(statements: readonly string[]): Promise<string[]> {
  const others: string[] = [];
  for (const statement of statements) {
    const outcome = await outcomeOf(statement);
    if (outcome !== '42501') others.push(`${outcome}: ${statement}`);
  }
  return others;
}

describe('The role of the service', () => {
  it('is denied every verb on every table', async () => {
    expect(tables.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['accounts.users', 'auth.sessions', 'auth.signing_keys', 'deploy.applied_files']),
    );
    const statements = tables.flatMap(({ name, column }) => [
      `select from ${name}`,
      `select ${column} from ${name}`,
      `select count(*) from ${name}`,
      `select from ${name} for update`,
      `insert into ${name} default values`,
      `update ${name} set ${column} = ${column}`,
      `delete from ${name}`,
      `truncate ${name} cascade`,
      `merge into ${name} using (select 1) as source on true when matched then delete`,
      `copy ${name} to stdout`,
      `lock table ${name} in access share mode`,
      `lock table ${name} in access exclusive mode`,
      `alter table ${name} add column theirs text`,
      `alter table ${name} owner to auth_service`,
      `drop table ${name} cascade`,
      `comment on table ${name} is 'theirs'`,
      `grant select on ${name} to auth_service`,
      `create index on ${name} (${column})`,
      `create trigger theirs after insert on ${name} execute function pg_catalog.suppress_redundant_updates_trigger()`,
    ]);
    expect(await notDenied(statements)).toEqual([]);
  });

  it('holds no privilege on a table, whatever its name, and none on a column', async () => {
    const held = await database.query(
      `select c.oid::regclass::text as relation, privilege
         from pg_class c
        cross join unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger', 'maintain']) p (privilege)
        where c.relnamespace::regnamespace::text = any ($1) and c.relkind in ('r', 'p', 'v', 'm', 'f')
          and (has_table_privilege('auth_service', c.oid, privilege)
               or privilege in ('select', 'insert', 'update', 'references')
                  and has_any_column_privilege('auth_service', c.oid, privilege))`,
      [SCHEMAS],
    );
    expect(held).toEqual([]);
  });

  it('is denied every sequence', async () => {
    expect(sequences).not.toEqual([]);
    expect(
      await notDenied(
        sequences.flatMap((name) => [
          `select nextval('${name}')`,
          `select setval('${name}', 1)`,
          `select last_value from ${name}`,
          `alter sequence ${name} restart`,
        ]),
      ),
    ).toEqual([]);
  });

  it('creates nothing and becomes nobody', async () => {
    expect(
      await notDenied([
        ...[...SCHEMAS, 'public'].flatMap((schema) => [
          `create table ${schema}.theirs (id integer)`,
          `create view ${schema}.theirs as select 1`,
          `create sequence ${schema}.theirs`,
          `create type ${schema}.theirs as (id integer)`,
          `create function ${schema}.theirs() returns integer language sql return 1`,
          `drop schema ${schema} cascade`,
        ]),
        'create schema theirs',
        'create extension citext schema public',
        'set role auth_owner',
        'set session authorization auth_owner',
        'reassign owned by auth_owner to auth_service',
        'create role theirs',
        'alter role auth_service superuser',
        'grant auth_owner to auth_service',
        "copy (select 1) to program 'true'",
        "select pg_read_file('PG_VERSION')",
        "select pg_ls_dir('.')",
        'create event trigger theirs on ddl_command_end execute function pg_catalog.suppress_redundant_updates_trigger()',
      ]),
    ).toEqual([]);
  });

  it('executes the functions on the list, and is denied every other one', async () => {
    const executable = await database.query<{ name: string }>(
      `select p.oid::regproc::text as name from pg_proc p
        where p.pronamespace::regnamespace::text = any ($1)
          and has_function_privilege('auth_service', p.oid, 'execute')
          and has_schema_privilege('auth_service', p.pronamespace, 'usage')
        order by 1`,
      [SCHEMAS],
    );
    expect(executable.map(({ name }) => name)).toEqual(GRANTED);

    const others = functions.filter(({ name }) => !GRANTED.includes(name));
    expect(others.length).toBeGreaterThanOrEqual(8);
    const calls = others.map(({ name, types }) => `select ${name}(${types.map((type) => castNull(type)).join(', ')})`);
    expect(await notDenied(calls)).toEqual([]);
  });

  it('is let into the calls on the list by the grants alone', async () => {
    const outcomes = new Set<string>();
    for (const { name, types } of functions.filter((each) => GRANTED.includes(each.name))) {
      outcomes.add(await outcomeOf(`select ${name}(${types.map((type) => castNull(type)).join(', ')})`));
    }
    // Nulls are refused by constraints and by our own checks; what counts is that no call is denied.
    expect(outcomes).not.toContain('42501');
    expect(outcomes).toContain('allowed');
  });
});

describe('The trial of statements', () => {
  it('notices a right that should not be there', async () => {
    await database.query('grant select on accounts.contact_types to auth_service');
    expect(await notDenied(['select from accounts.contact_types'])).toEqual([
      'allowed: select from accounts.contact_types',
    ]);
    await database.query('revoke select on accounts.contact_types from auth_service');
    expect(await notDenied(['select from accounts.contact_types'])).toEqual([]);
  });
});

/** A row type of ours cannot be named by the service, but none of our functions takes one. */
function castNull(type: string): string {
  return `null::${type}`;
}
