import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { migrate } from '../../src/db/migrate.ts';
import { clusterNameOf } from '../../src/embedded/leftover-postgres.ts';
import { startPostgresServer } from '../../src/embedded/postgres-server.ts';
import { listProcesses } from '../../src/embedded/process-table.ts';
import { provision } from '../../src/embedded/provision.ts';
import { TEST_PASSWORDS } from './test-database.ts';

const DATABASE = 'auth';

/** A migrated PostgreSQL of one test file, durable as in production, that may be killed and started again. */
export type PrivatePostgres = Awaited<ReturnType<typeof startPrivatePostgres>>;

export async function startPrivatePostgres() {
  const directory = mkdtempSync(path.join(tmpdir(), 'auth-private-postgres-'));
  const options = {
    dataDir: path.join(directory, 'data'),
    logFile: path.join(directory, 'postgres.log'),
    superuserPassword: 'superuser-of-the-tests',
  };
  let server = await startPostgresServer(options);
  const urlOf = server.connectionString;
  await provision({ urlOf, database: DATABASE, passwords: TEST_PASSWORDS });
  await migrate(urlOf(DATABASE, { user: 'auth_owner', password: TEST_PASSWORDS.owner }));

  /** Signals the postmaster and all its processes. */
  async function signalAll(signal: NodeJS.Signals): Promise<void> {
    const name = await clusterNameOf(options.dataDir);
    const isOurs = (args: readonly string[]) =>
      args.includes(`cluster_name=${name}`) || args.join(' ').startsWith(`postgres: ${name}: `);
    const told = new Set<number>();
    const tell = (pid: number) => {
      told.add(pid);
      try {
        process.kill(pid, signal);
      } catch {
        // It has ended with its postmaster.
      }
    };
    // The postmaster first, so that it starts none anew, and only then a look at what it has started until then.
    tell(server.pid);
    for (;;) {
      const found = (await listProcesses()).filter(({ pid, args }) => isOurs(args) && !told.has(pid));
      if (found.length === 0) return;
      for (const { pid } of found) tell(pid);
    }
  }

  return {
    serviceUrl: urlOf(DATABASE, { user: 'auth_service', password: TEST_PASSWORDS.service }),
    superuserUrl: urlOf(DATABASE),
    /** One query as the superuser. */
    async query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]> {
      const client = new pg.Client({ connectionString: urlOf(DATABASE) });
      // Told by the query as well.
      client.on('error', () => undefined);
      await client.connect();
      try {
        return (await client.query<Row>(text, values)).rows;
      } finally {
        await client.end();
      }
    },
    /** kill -9 of the postmaster and of all its processes at once, as when a machine loses its power. */
    async kill(): Promise<void> {
      await signalAll('SIGKILL');
      await server.exited;
    },
    /** SIGSTOP of all its processes: connections are taken and nothing answers, as when a virtual machine is suspended. */
    pause: () => signalAll('SIGSTOP'),
    /** Ends a pause. */
    resume: () => signalAll('SIGCONT'),
    /** Starts it on the same data and port. */
    async start(): Promise<void> {
      server = await startPostgresServer({ ...options, port: server.port });
    },
    async remove(): Promise<void> {
      await server.stop();
      rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}
