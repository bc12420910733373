import type { TestDatabase } from '../../support/test-database.ts';

export type Query = TestDatabase['query'];

/** Has the form of a bcrypt hash and is the hash of nothing. */
export const SOME_HASH = `$2b$10$${'a'.repeat(53)}`;

/** A user with roles, put there beside the functions; returns the id. */
export async function addUser(query: Query, ...roles: string[]): Promise<string> {
  const [user] = await query<{ id: string }>('insert into accounts.users default values returning id');
  const id = user?.id ?? '';
  for (const role of roles) {
    await query('insert into accounts.user_group_memberships (user_id, group_name) values ($1, $2)', [id, role]);
  }
  return id;
}

/** The single row of an answer. */
export function only<Row>(rows: readonly Row[]): Row {
  const [row] = rows;
  if (row === undefined || rows.length > 1) throw new Error(`Expected one row, got ${rows.length}.`);
  return row;
}
