import { open, stat } from 'node:fs/promises';
import pg from 'pg';
import type { BenchDatabase } from '../servers/backing-servers.ts';

/** What does not grow with users: everything else must not be read from end to end. */
const SMALL = new Set([
  ...['user_groups', 'user_group_grants', 'user_group_registrations', 'interfaces', 'contact_types'],
  ...['permissions', 'role_permissions', 'replicas', 'revocation_state', 'revocation_triggers', 'signing_keys'],
]);

/** Has PostgreSQL write the plan of every statement of a database into its log, those within functions, too. */
export async function logPlans({ adminUrl }: BenchDatabase): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const database = client.escapeIdentifier(new URL(adminUrl).pathname.slice(1));
    for (const [name, value] of [
      ['session_preload_libraries', 'auto_explain'],
      ['auto_explain.log_min_duration', '0'],
      ['auto_explain.log_nested_statements', 'on'],
      ['auto_explain.log_analyze', 'off'],
    ] as const) {
      await client.query(`alter database ${database} set ${name} = '${value}'`);
    }
  } finally {
    await client.end();
  }
}

/** The plans that are logged while something is done: those that read a table that grows from end to end. */
export async function scansDuring(logFile: string, work: () => Promise<unknown>): Promise<readonly string[]> {
  const { size } = await stat(logFile);
  await work();
  const file = await open(logFile);
  try {
    const { bytesRead, buffer } = await file.read({
      buffer: Buffer.alloc((await stat(logFile)).size - size),
      position: size,
    });
    return scansIn(buffer.toString('utf8', 0, bytesRead));
  } finally {
    await file.close();
  }
}

export function scansIn(log: string): readonly string[] {
  // Nothing is found where nothing is told.
  if (!log.includes('Query Text:')) throw new Error('PostgreSQL has logged no plan: is auto_explain loaded?');
  const tables = [...log.matchAll(/Seq Scan on (?:\w+\.)?(\w+)/g)].map(([, table = '']) => table);
  return [...new Set(tables.filter((table) => !SMALL.has(table)))].map((table) => `Seq Scan on ${table}`);
}
