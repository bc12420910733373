import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';

/** The migrated database that every test file gets a copy of. */
export const TEMPLATE = 'auth_template';
export const TEST_PASSWORDS = { owner: 'owner-of-the-tests', service: 'service-of-the-tests' };

/** A database of one test file: a copy of the migrated template. */
export type TestDatabase = {
  /** For the service: may execute functions and nothing else. */
  readonly serviceUrl: string;
  readonly ownerUrl: string;
  /** Queries as the superuser, for looking behind the service and for setting scenes that no call can set. */
  readonly query: <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) => Promise<Row[]>;
  readonly drop: () => Promise<void>;
};

export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `auth_test_${randomBytes(6).toString('hex')}`;
  const serverUrl = inject('postgresUrl');
  await asSuperuser(serverUrl, async (client) => {
    // Only one copy of the template is made at a time; files start together.
    await client.query('select pg_advisory_lock(1)');
    await client.query(`create database ${name} template ${TEMPLATE}`);
    // A copy has its own access list.
    await client.query(`revoke all on database ${name} from public`);
    await client.query(`grant connect, create on database ${name} to auth_owner`);
    await client.query(`grant connect on database ${name} to auth_service`);
  });

  const urlFor = (user?: string, password?: string) => {
    const url = new URL(serverUrl);
    url.pathname = `/${name}`;
    if (user !== undefined && password !== undefined) Object.assign(url, { username: user, password });
    return url.href;
  };
  const pool = new pg.Pool({ connectionString: urlFor(), max: 2 });
  pool.on('error', () => undefined);
  return {
    serviceUrl: urlFor('auth_service', TEST_PASSWORDS.service),
    ownerUrl: urlFor('auth_owner', TEST_PASSWORDS.owner),
    query: async (text, values) => (await pool.query(text, values)).rows,
    async drop() {
      await pool.end();
      await asSuperuser(serverUrl, (client) => client.query(`drop database ${name} with (force)`));
    },
  };
}

async function asSuperuser(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
