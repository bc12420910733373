import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { checkFunction, columnsOf } from './plpgsql/check.ts';
import type { PlpgsqlFunction } from './plpgsql/check.ts';
import { functionsIn } from './plpgsql/functions.ts';
import { parseBody } from './plpgsql/parse.ts';
import { connectSuperuser } from './superuser.ts';

let database: TestDatabase;
let superuser: pg.Client;
let functions: PlpgsqlFunction[];

beforeAll(async () => {
  database = await createTestDatabase();
  superuser = await connectSuperuser(database);
  functions = await functionsIn(superuser, 'plpgsql');
});
afterAll(async () => {
  await superuser?.end();
  await database?.drop();
});

function named(name: string): PlpgsqlFunction {
  const found = functions.find((each) => each.name === name);
  if (!found) throw new Error(`There is no PL/pgSQL function ${name}.`);
  return found;
}

describe('Every PL/pgSQL function', () => {
  it('names what exists and fits, in every branch', async () => {
    expect(functions.length).toBeGreaterThanOrEqual(13);
    const findings = [];
    for (const each of functions) findings.push(...(await checkFunction(superuser, each)));
    expect(findings).toEqual([]);
  });

  it('keeps variables and columns apart by their names', () => {
    for (const each of functions) {
      const { name, body, returns } = each;
      const { variables } = parseBody(body, returns, columnsOf(each));
      expect(
        variables.map((variable) => variable.name).filter((each) => !each.startsWith('v_')),
        name,
      ).toEqual([]);
    }
  });
});

/** A function with one thing changed in its body. The places are in branches that ordinary calls never enter. */
const PLANTED: readonly [what: string, name: string, change: readonly [string, string], problem: RegExp][] = [
  [
    'a misspelt column',
    'auth.end_sessions',
    ['select s.revision into', 'select s.revison into'],
    /column s\.revison does not exist/,
  ],
  [
    'a misspelt column of a CTE',
    'auth.end_sessions',
    ['array_agg(e.id order', 'array_agg(e.idd order'],
    /column e\.idd does not exist/,
  ],
  [
    'a misspelt column to be set',
    'auth.consume_refresh_token',
    ['rotated_at = clock', 'rotatd_at = clock'],
    /column "rotatd_at"/,
  ],
  [
    'a misspelt column to be inserted',
    'auth.create_session',
    ['interface, user_agent', 'interface, useragent'],
    /column "useragent"/,
  ],
  [
    'an unknown function',
    'auth.apply_cascade',
    ['auth.list_live_replicas()', 'auth.live_replicas()'],
    /function auth\.live_replicas\(\) does not exist/,
  ],
  [
    'a function with other arguments',
    'auth.consume_refresh_token',
    ['p_session_id,\n', 'p_session_id::text,\n'],
    /function auth\.append_event\(.*\) does not exist/,
  ],
  [
    'a wrong table',
    'auth.delete_expired',
    ['from auth.outbox_events e where', 'from auth.events e where'],
    /relation "auth\.events" does not exist/,
  ],
  [
    'a raise of nothing where nothing was caught',
    'accounts.accept_invitation',
    [
      "raise exception 'LINK_INVALID' using errcode = 'AU001';\n    end if;\n    perform",
      'raise;\n    end if;\n    perform',
    ],
    /Expected exception/,
  ],
  [
    'a table without its schema',
    'auth.create_session',
    ['from accounts.users u', 'from users u'],
    /relation "users" does not exist/,
  ],
  [
    'an unknown variable',
    'auth.reserve_login_attempt',
    ['retry_after_seconds :=', 'retry_after :='],
    /"retry_after" is not a known variable/,
  ],
  [
    'an unknown variable in an expression',
    'auth.reserve_login_attempt',
    ['v_attempt.failures - p_limit', 'v_attempt.failures - p_limits'],
    /column "p_limits" does not exist/,
  ],
  [
    'an unknown field to be set',
    'auth.reserve_login_attempt',
    ['v_attempt.blocked_until := null', 'v_attempt.blocked := null'],
    /column "blocked" of relation/,
  ],
  [
    'an unknown field',
    'auth.consume_refresh_token',
    ['v_token.previous_token_hash', 'v_token.previous_hash'],
    /previous_hash/,
  ],
  [
    'a comparison of types that do not compare',
    'auth.consume_refresh_token',
    ['p_generation < v_token.generation', 'p_generation < v_token.token_hash'],
    /operator does not exist: integer < text/,
  ],
  [
    'a type that does not fit its variable',
    'auth.reserve_login_attempt',
    ['v_attempt.failures := 0', 'v_attempt.failures := v_now'],
    /is of type integer but expression is of type timestamp/,
  ],
  [
    'a type that does not fit its result',
    'auth.add_signing_key',
    ['return false', 'return now()'],
    /is of type boolean but expression is of type timestamp/,
  ],
  [
    'a condition that is no condition',
    'auth.end_sessions',
    ['if ended > 0', 'if ended'],
    /is of type boolean but expression is of type integer/,
  ],
  [
    'a condition of a loop that is none',
    'auth.claim_messages',
    ['while v_left > 0 and', 'while v_left and'],
    /argument of AND must be type boolean, not type integer/,
  ],
  [
    'an unknown variable where a loop is left',
    'auth.claim_messages',
    ['exit when not found', 'exit when not v_found'],
    /column "v_found" does not exist/,
  ],
  [
    'too few variables for a row',
    'auth.logout',
    ['into ended, revision, replicas, longest_lease_ms', 'into ended, revision, replicas'],
    /more expressions than target columns/,
  ],
  [
    'a name that is a column and a variable',
    'auth.end_sessions',
    ['select s.revision into', 'select revision into'],
    /column reference "revision" is ambiguous/,
  ],
  [
    'too few columns for a table',
    'accounts.list_assignable_roles',
    ['g.name, g.title, g.level\n', 'g.name, g.title\n'],
    /more target columns than expressions/,
  ],
  [
    'a value too many for a message',
    'accounts.assert_self_assignable',
    ["'ROLE_NOT_ASSIGNABLE'", "'ROLE_NOT_ASSIGNABLE', p_interface"],
    /0 places for 1 values/,
  ],
];

describe('The check of bodies', () => {
  it.each(PLANTED)('finds %s in %s', async (_what, name, [from, to], problem) => {
    const original = named(name);
    expect(original.body).toContain(from);
    const findings = await checkFunction(superuser, { ...original, body: original.body.replace(from, to) });
    expect(findings.map((finding) => finding.problem)).toEqual([expect.stringMatching(problem)]);
  });

  it('is needed: the database takes a misspelt column without a word', async () => {
    const { rows } = await superuser.query<{ text: string }>(
      `select pg_get_functiondef('auth.end_sessions'::regproc) as text`,
    );
    const text = rows[0]?.text.replace('select s.revision into', 'select s.revison into') ?? '';
    expect(text).toContain('s.revison');
    await superuser.query('begin');
    await superuser.query(text);
    await superuser.query('rollback');
  });

  it.each([
    "execute 'select 1';",
    'while loop null; end loop;',
    'loop exit; end loop;',
    'for v_n in select 1 loop exit outermost; end loop;',
    'for v_n in 1..3 loop null; end loop;',
    'get diagnostics v_n = row_count;',
    'return query select 1;',
    "return query execute 'select 1';",
    "raise notice 'so';",
    'case v_n when 1 then null; end case;',
    'call auth.work();',
    'v_n[1] := 2;',
    'truncate auth.sessions;',
    'perform;',
    'if true then null;',
  ])('fails on a form that it does not know: %s', async (statement) => {
    const body = `declare v_n integer; begin ${statement} end`;
    const findings = await checkFunction(superuser, { name: 'planted', parameters: [], returns: 'void', body });
    expect(findings).toMatchObject([{ problem: expect.stringMatching(/^Expected/) }]);
  });
});
