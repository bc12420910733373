import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PostgresServer, startPostgresServer } from '../../src/embedded/postgres-server.ts';

const PREFIX = 'auth-test-postgres-';
const IMMEDIATE_SHUTDOWN_MS = 3_000;

/**
 * What makes tests fast without making them lie. Without `fsync` a crash of the machine loses data and a crash of the
 * server does not; nothing a query can observe changes. `synchronous_commit`, `full_page_writes` and the isolation
 * level stay as in production.
 */
const SETTINGS = { fsync: 'off', max_connections: '300', shared_buffers: '128MB' };

export type TestPostgres = Omit<PostgresServer, 'exited'>;

/**
 * The one PostgreSQL of a test run, in a new directory that `stop()` removes. An interrupted run cleans up as well;
 * what a killed one left is removed by the next.
 */
export async function startTestPostgres(): Promise<TestPostgres> {
  removeDirectoriesOfKilledRuns();
  const dir = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
  const dataDir = join(dir, 'data');
  const removeDir = () => {
    rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };

  let server: PostgresServer | undefined;
  const stopWatching = onInterruption(() => {
    if (server !== undefined) shutDownNow(server.pid, dataDir);
    removeDir();
  });
  try {
    server = await startPostgresServer({
      dataDir,
      superuserPassword: 'superuser-of-the-tests',
      settings: SETTINGS,
      logFile: join(dir, 'postgres.log'),
    });
  } catch (error) {
    stopWatching();
    removeDir();
    throw error;
  }

  const { port, pid, connectionString, stop } = server;
  return {
    port,
    pid,
    connectionString,
    async stop() {
      await stop();
      stopWatching();
      removeDir();
    },
  };
}

/**
 * Calls `cleanUp` when this process ends early, and returns how to call that off. Only synchronous work is possible
 * then: vitest answers SIGINT and SIGTERM with process.exit. Where nobody answers a signal, we end by it ourselves.
 */
function onInterruption(cleanUp: () => void): () => void {
  const onSignal = (signal: NodeJS.Signals) => {
    if (process.listenerCount(signal) > 0) return; // whoever that is will exit, and then we clean up
    stopWatching();
    cleanUp();
    process.kill(process.pid, signal);
  };
  const stopWatching = () => {
    process.off('exit', cleanUp).off('SIGINT', onSignal).off('SIGTERM', onSignal);
  };
  process.once('exit', cleanUp).once('SIGINT', onSignal).once('SIGTERM', onSignal);
  return stopWatching;
}

/** An immediate shutdown, and not SIGKILL, because that would leave shared memory behind for good. */
function shutDownNow(pid: number, dataDir: string): void {
  try {
    process.kill(pid, 'SIGQUIT');
  } catch {
    return; // it is gone already
  }
  // We are its parent and cannot reap it while blocking, so that its pid proves nothing; its pid file does.
  const pidFile = join(dataDir, 'postmaster.pid');
  const clock = new Int32Array(new SharedArrayBuffer(4));
  const deadline = Date.now() + IMMEDIATE_SHUTDOWN_MS;
  while (existsSync(pidFile) && Date.now() < deadline) Atomics.wait(clock, 0, 0, 20);
}

function removeDirectoriesOfKilledRuns(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : Number.NaN;
    if (Number.isNaN(pid) || isAlive(pid)) continue;
    try {
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
    } catch {
      // somebody else's
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
