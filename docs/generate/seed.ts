import { readFileSync, readdirSync } from 'node:fs';

/** What the seed puts there: roles, what they permit, who gives them, and who may take them by registering. */
export type Seed = {
  readonly roles: readonly Role[];
  /** By the name of a role, from the one that gives to the one that is given. */
  readonly grants: readonly (readonly [granter: string, grantee: string])[];
  readonly registrations: readonly (readonly [onInterface: string, role: string])[];
  /** With what it allows, in words. */
  readonly permissions: readonly (readonly [name: string, title: string])[];
  readonly held: readonly (readonly [role: string, permission: string])[];
};

export type Role = {
  readonly name: string;
  readonly title: string;
  readonly level: number;
  readonly listing: string;
  readonly grantScope: string;
  readonly interface: string;
};

const SEED = new URL('../../sql/seed/', import.meta.url);
/** What the migration gives a column that a row leaves out. */
const USUAL_SCOPE = 'anyone';

/** Reads the seed as it is applied, and not what is said of it; test/sql holds it against the database. */
export function readSeed(): Seed {
  const text = readdirSync(SEED)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => readFileSync(new URL(file, SEED), 'utf8').replace(/--.*$/gm, ''))
    .join('\n');
  const pairs = (table: string, first: string, second: string) =>
    rowsOf(text, table).map((row) => [row[first] ?? '', row[second] ?? ''] as const);
  return {
    roles: rowsOf(text, 'accounts.user_groups').map((row) => ({
      name: row['name'] ?? '',
      title: row['title'] ?? '',
      level: Number(row['level']),
      listing: row['listing'] ?? '',
      grantScope: row['grant_scope'] ?? USUAL_SCOPE,
      interface: row['interface'] ?? '',
    })),
    grants: pairs('accounts.user_group_grants', 'granter', 'grantee'),
    registrations: pairs('accounts.user_group_registrations', 'interface', 'group_name'),
    permissions: pairs('accounts.permissions', 'name', 'title'),
    held: rowsIn(/\(values((?:\s*\([^()]*\),?)+)\s*\) held \((role, permission)\)/.exec(text), 2, 1).map(
      (row) => [row['role'] ?? '', row['permission'] ?? ''] as const,
    ),
  };
}

type Row = Readonly<Record<string, string>>;

/** The rows of every `insert into <table> (<columns>) values (...), (...)`. */
function rowsOf(text: string, table: string): Row[] {
  const inserts = text.matchAll(
    new RegExp(`insert into ${table.replace('.', '\\.')} \\(([^)]*)\\)\\s+values((?:\\s*\\([^()]*\\),?)+)`, 'g'),
  );
  return [...inserts].flatMap((insert) => rowsIn(insert, 1, 2));
}

function rowsIn(found: RegExpExecArray | null, columnsAt: number, rowsAt: number): Row[] {
  const columns = (found?.[columnsAt] ?? '').split(',').map((column) => column.trim());
  return [...(found?.[rowsAt] ?? '').matchAll(/\(([^()]*)\)/g)].map(([, row = '']) => {
    const values = [...row.matchAll(/'((?:[^']|'')*)'|[^\s,']+/g)].map(([value, literal]) => literal ?? value);
    if (values.length !== columns.length) throw new Error(`The seed has a row that is not understood: (${row})`);
    return Object.fromEntries(columns.map((column, n) => [column, values[n] ?? '']));
  });
}
