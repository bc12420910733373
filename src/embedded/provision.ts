import { readFile } from 'node:fs/promises';
import pg from 'pg';

/** The database of the embedded set-up. */
export const DATABASE = 'auth';

type Options = {
  /** A URL of the superuser for any database of the server. */
  readonly urlOf: (database: string) => string;
  readonly database: string;
  readonly passwords: { readonly owner: string; readonly service: string };
};

/** Creates the database and its two roles, as whoever sets up a server does by hand (sql/roles.sql). Safe to repeat. */
export async function provision({ urlOf, database, passwords }: Options): Promise<void> {
  await withClient(urlOf('postgres'), async (client) => {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [database]);
    if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(database)}`);
  });
  await withClient(urlOf(database), async (client) => {
    await client.query(await readFile(new URL('../../sql/roles.sql', import.meta.url), 'utf8'));
    for (const [role, password] of [
      ['auth_owner', passwords.owner],
      ['auth_service', passwords.service],
    ] as const) {
      await client.query(`alter role ${role} password ${client.escapeLiteral(password)}`);
    }
  });
}

async function withClient(connectionString: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
