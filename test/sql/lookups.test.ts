import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { columnsOf, explain } from './plpgsql/check.ts';
import type { PlpgsqlFunction } from './plpgsql/check.ts';
import { functionsIn } from './plpgsql/functions.ts';
import { growTables } from './grown.ts';
import { parseBody } from './plpgsql/parse.ts';
import type { Fragment } from './plpgsql/parse.ts';
import { tokensOf } from './plpgsql/tokens.ts';
import { connectSuperuser } from './superuser.ts';

/** Tables that grow with users; the others hold a handful of rows. */
const GROWING = new Set([
  ...['users', 'user_contacts', 'user_group_memberships'],
  ...['sessions', 'refresh_tokens', 'revocations', 'registrations', 'login_attempts', 'outbox_events'],
  ...['challenges', 'messages', 'message_quotas', 'audit_events'],
  ...['organisations', 'organisation_members', 'organisation_invitations'],
]);

/** Something of each type: with nulls the planner would see that nothing can be found, and would not look. */
const VALUES: Readonly<Record<string, string>> = {
  text: "'x'",
  uuid: 'gen_random_uuid()',
  integer: '1',
  bigint: '1',
  boolean: 'true',
  interval: "interval '1 hour'",
  'timestamp with time zone': 'now()',
  timestamptz: 'now()',
  jsonb: "'{}'",
  bytea: "'\\x00'",
  inet: "'127.0.0.1'",
  'text[]': "array['x']",
  'uuid[]': 'array[gen_random_uuid()]',
  'integer[]': 'array[1]',
  'interval[]': "array[interval '1 hour']",
  'timestamp with time zone[]': 'array[now()]',
  'timestamptz[]': 'array[now()]',
};

function valueOf(type: string): string {
  const known = VALUES[type];
  if (known !== undefined) return known;
  if (!/^(auth|accounts)\.\w+$/.test(type)) throw new Error(`No value of type ${type} is known.`);
  const row = { id: crypto.randomUUID(), session_id: crypto.randomUUID(), user_id: crypto.randomUUID(), generation: 1 };
  return `jsonb_populate_record(null::${type}, '${JSON.stringify(row)}')`;
}

type Plan = {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Index Cond'?: string;
  readonly Plans?: readonly Plan[];
};

/** What an index is of, and the column that it begins with. */
type Index = { readonly name: string; readonly relation: string; readonly leading: string };

/** The reads of a plan that look at every row of a table that grows. */
function scans(plan: Plan): string[] {
  const { 'Node Type': type, 'Relation Name': table = '', 'Index Cond': condition = '', Plans: parts = [] } = plan;
  const index = indexes.find(({ name }) => name === plan['Index Name']);
  const relation = index?.relation ?? table;
  // Without a condition on its first column an index is read from end to end, whatever is said of its others.
  const isScan = index ? !new RegExp(`\\b${index.leading}\\b`).test(condition) : type === 'Seq Scan';
  return [...(isScan && GROWING.has(relation) ? [`${type} on ${relation}`] : []), ...parts.flatMap(scans)];
}

/** At its semicolons, but for those in literals. */
function statementsOf(text: string): string[] {
  const ends = tokensOf(text).filter(({ word }) => word === ';');
  return [...ends.map(({ start }) => start), text.length].map((end, n) => text.slice(ends[n - 1]?.end ?? 0, end));
}

function fragmentsOf(checked: PlpgsqlFunction) {
  const { name, body, returns } = checked;
  if (/^\s*(declare|begin\s(?!atomic))/i.test(body)) return parseBody(body, returns, columnsOf(checked));
  const statements = statementsOf(body.replace(/^\s*BEGIN ATOMIC/, '').replace(/END\s*$/, ''));
  // PostgreSQL writes a parameter with the name of its function, which is not known here.
  const unqualified = statements.map((text) => text.replaceAll(`${name.split('.')[1]}.p_`, 'p_'));
  const fragments = unqualified
    .filter((text) => text.trim() !== '')
    .map((text): Fragment => ({ kind: 'statement', text, into: [] }));
  return { variables: [], fragments };
}

let database: TestDatabase;
let superuser: pg.Client;
let functions: PlpgsqlFunction[];
let indexes: Index[];
beforeAll(async () => {
  database = await createTestDatabase();
  await growTables(database.query);
  superuser = await connectSuperuser(database);
  functions = [...(await functionsIn(superuser, 'plpgsql')), ...(await functionsIn(superuser, 'sql'))];
  indexes = await database.query<Index>(
    `select i.indexrelid::regclass::text as name, t.relname as relation, a.attname as leading
       from pg_index i
       join pg_class t on t.oid = i.indrelid
       join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
      where t.relnamespace::regnamespace::text in ('accounts', 'auth')`,
  );
  indexes = indexes.map((index) => ({ ...index, name: index.name.split('.').at(-1) ?? '' }));
});
afterAll(async () => {
  await superuser?.end();
  await database?.drop();
});

async function scansOf(checked: PlpgsqlFunction): Promise<string[]> {
  const { variables, fragments } = fragmentsOf(checked);
  const found: string[] = [];
  for (const fragment of fragments) {
    const text = await explain(superuser, fragment, [...checked.parameters, ...variables], valueOf);
    const [{ Plan: plan }] = JSON.parse(text) as [{ Plan: Plan }];
    found.push(...scans(plan));
  }
  return found;
}

describe('No function looks at every row of a table that grows with users', () => {
  it('in any of its statements', async () => {
    expect(functions.length).toBeGreaterThanOrEqual(33);
    const found: Record<string, string[]> = {};
    for (const each of functions) {
      const scanned = await scansOf(each);
      if (scanned.length > 0) found[each.name] = scanned;
    }
    expect(found).toEqual({});
  });

  it.each([
    // Either of the two finds a contact by its whole value.
    [
      ['user_contacts_confirmed_value', 'user_contacts_prefix'],
      'accounts.get_active_user_contact_by_value',
      'user_contacts',
    ],
    [['user_contacts_confirmed_value', 'user_contacts_prefix'], 'accounts.is_contact_available', 'user_contacts'],
    [['sessions_expiry'], 'auth.delete_expired', 'sessions'],
    [['login_attempts_expiry'], 'auth.delete_expired', 'login_attempts'],
    [['challenges_expiry'], 'auth.delete_expired', 'challenges'],
    [['challenges_live'], 'auth.start_challenge', 'challenges'],
    [['challenges_user'], 'auth.apply_cascade', 'challenges'],
    [['messages_age'], 'auth.delete_expired', 'messages'],
  ])('which is noticed without %j in %s', async (names, name, relation) => {
    const schema = relation === 'user_contacts' ? 'accounts' : 'auth';
    const dropped = await database.query<{ name: string; text: string }>(
      `select format('${schema}.%I', i.name) as name, pg_get_indexdef(format('${schema}.%I', i.name)::regclass) as text
         from unnest($1::text[]) i (name)`,
      [names],
    );
    await database.query(`drop index ${dropped.map((index) => index.name).join(', ')}`);
    const found = await scansOf(functions.find((each) => each.name === name)!);
    await database.query(dropped.map(({ text }) => text).join('; '));
    expect(found).toContainEqual(expect.stringContaining(`on ${relation}`));
  });
});
