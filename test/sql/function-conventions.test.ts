import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sourceFiles } from '../house/source-files.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

/** Functions that run with the rights of their caller, and why. */
const INVOKERS = [
  'auth.list_own_privileges', // tells about the role that calls
  'deploy.is_applied', // called by the owner only
  'deploy.note_applied',
];

type Row = {
  name: string;
  owner: string;
  is_definer: boolean;
  settings: string[] | null;
  comment: string | null;
  parameters: string[];
  is_public: boolean;
};

const FUNCTIONS = `
  select p.oid::regproc::text as name,
         p.proowner::regrole::text as owner,
         p.prosecdef as is_definer,
         p.proconfig as settings,
         obj_description(p.oid, 'pg_proc') as comment,
         coalesce(p.proargnames[1:p.pronargs], '{}') as parameters,
         p.proacl is null or exists (select from aclexplode(p.proacl) a where a.grantee = 0) as is_public
    from pg_proc p
   where p.pronamespace::regnamespace::text in ('accounts', 'auth', 'deploy')
   order by 1`;

let database: TestDatabase;
let functions: Row[];
beforeAll(async () => {
  database = await createTestDatabase();
  functions = await database.query<Row>(FUNCTIONS);
});
afterAll(() => database?.drop());

/** The names of functions that break a rule, by rule. */
function violations(rows: readonly Row[]) {
  const names = (isWrong: (row: Row) => boolean) => rows.filter(isWrong).map(({ name }) => name);
  return {
    ownedByAnother: names(({ owner }) => owner !== 'auth_owner'),
    openPath: names(({ settings }) => !settings?.includes('search_path=""')),
    wrongSecurity: names(({ name, is_definer }) => is_definer === INVOKERS.includes(name)),
    withoutComment: names(({ comment }) => !comment),
    executableByAll: names(({ is_public }) => is_public),
    parametersWithoutPrefix: names(({ parameters }) => parameters.some((each) => !each.startsWith('p_'))),
    ofOneName: names(({ name }) => rows.filter((row) => row.name === name).length > 1),
  };
}

const NO_VIOLATIONS = violations([]);

describe('Every function of ours', () => {
  it('keeps the rules of sql/README.md', () => {
    expect(functions.length).toBeGreaterThanOrEqual(35);
    expect(violations(functions)).toEqual(NO_VIOLATIONS);
  });

  it('stands in a file of its name', () => {
    const files = sourceFiles('sql/functions', '.sql').map(({ path }) =>
      path.split('/').slice(2).join('.').slice(0, -4),
    );
    const names = functions.map(({ name }) => name).filter((name) => !name.startsWith('deploy.'));
    expect(files).toEqual(names);
  });

  it.each(sourceFiles('sql/functions', '.sql').map(({ path, text }) => ({ path, text })))(
    '$path says its purpose, its volatility and its path',
    ({ path, text }) => {
      const name = path.split('/').slice(2).join('.').slice(0, -4);
      expect(text).toMatch(/^-- [A-Z]/);
      expect(text.match(/^create or replace function /gm)).toHaveLength(1);
      expect(text).toContain(`create or replace function ${name}(`);
      expect(text).toMatch(/^ {2}(volatile|stable|immutable)$/m);
      expect(text).toMatch(/^ {2}set search_path = ''$/m);
      expect(text).toContain(`comment on function ${name} is`);
      expect(text).not.toMatch(/\bto public\b/i);
    },
  );
});

describe('The look at functions', () => {
  it.each([
    ['openPath', `create function auth.planted() returns int language sql security definer as 'select 1'`],
    [
      'openPath',
      `create function auth.planted() returns int language sql security definer set search_path = auth as 'select 1'`,
    ],
    ['wrongSecurity', `create function auth.planted() returns int language sql set search_path = '' as 'select 1'`],
    ['withoutComment', `create function auth.planted() returns int language sql as 'select 1'`],
    [
      'executableByAll',
      `create function auth.planted() returns int language sql as 'select 1'; grant execute on function auth.planted to public`,
    ],
    ['ownedByAnother', `create function auth.planted() returns int language sql as 'select 1'`],
    ['parametersWithoutPrefix', `create function auth.planted(id int) returns int language sql as 'select 1'`],
    [
      'ofOneName',
      `create function auth.planted() returns int language sql as 'select 1'; create function auth.planted(p_id int) returns int language sql as 'select 1'`,
    ],
  ] as const)('finds %s', async (rule, statements) => {
    await database.query(statements);
    try {
      expect(violations(await database.query<Row>(FUNCTIONS))[rule]).toContain('auth.planted');
    } finally {
      await database.query('drop routine auth.planted()').catch(() => database.query('drop routine auth.planted(int)'));
      await database.query('drop routine if exists auth.planted(int)');
    }
  });
});
