import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import { runner } from 'node-pg-migrate';
import pg from 'pg';

const SQL = fileURLToPath(new URL('../../sql/', import.meta.url));

/** What a run has applied. */
type MigrationReport = { readonly migrations: readonly string[]; readonly files: readonly string[] };

/**
 * Brings a database to the state of this checkout: numbered migrations once (node-pg-migrate), then those functions and
 * seed files that have changed, all of them or none. Several runs at once wait for each other.
 *
 * @param ownerUrl the database as the role auth_owner
 */
export async function migrate(ownerUrl: string): Promise<MigrationReport> {
  const client = new pg.Client({ connectionString: ownerUrl, application_name: 'auth-service migrate' });
  // A lost connection is told by the query that was under way; without a listener the event would end the process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    const applied = await runner({
      dbClient: client,
      dir: path.join(SQL, 'migrations'),
      direction: 'up',
      migrationsTable: 'migrations',
      migrationsSchema: 'deploy',
      createMigrationsSchema: true,
      advisoryLockMode: 'wait',
      log: () => undefined,
    });
    return { migrations: applied.map(({ name }) => name), files: await applyRepeatable(client) };
  } finally {
    await client.end();
  }
}

async function applyRepeatable(client: pg.Client): Promise<string[]> {
  const applied: string[] = [];
  await client.query('begin');
  // The number is arbitrary; it only has to be the same in every run.
  await client.query('select pg_advisory_xact_lock(7203018)');
  for (const file of await repeatableFiles()) {
    const text = await readFile(path.join(SQL, file), 'utf8');
    const digest = createHash('sha256').update(text).digest('hex');
    const { rows } = await client.query<{ is_applied: boolean }>('select deploy.is_applied($1, $2)', [file, digest]);
    if (rows[0]?.is_applied) continue;
    try {
      await client.query(text);
    } catch (error) {
      throw new Error(`sql/${file} failed: ${(error as Error).message}`, { cause: error });
    }
    await client.query('select deploy.note_applied($1, $2)', [file, digest]);
    applied.push(file);
  }
  await client.query('commit');
  return applied;
}

/** In the order of application: accounts before auth, which refers to it, then the seed. */
async function repeatableFiles(): Promise<string[]> {
  const folders = ['functions/accounts', 'functions/auth', 'seed'];
  const files = await Promise.all(
    folders.map(async (folder) => (await readdir(path.join(SQL, folder))).sort().map((name) => `${folder}/${name}`)),
  );
  return files.flat().filter((file) => file.endsWith('.sql'));
}
