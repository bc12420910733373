import { once } from 'node:events';
import { chown, mkdtemp, open, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { displayPath } from './display-path.ts';
import { errorCode } from './error-code.ts';
import type { Launch } from './launcher.ts';
import type { OsUser } from './os-user.ts';
import { POSTGRES_MAJOR } from './postgres-binaries.ts';
import type { ServerLog } from './server-log.ts';
import { StartProblem } from '../errors/start-problem.ts';
import { removeUnfinished, unfinishedPrefix } from './unfinished-data-directory.ts';

export const SUPERUSER = 'postgres';

type EnsureDataDirectoryOptions = {
  dataDir: string;
  superuserPassword: string;
  initdb: string;
  launch: Launch;
  user: OsUser | undefined;
  log: ServerLog;
  /** False leaves out waiting for the disk: for directories that need not outlive a crash of the machine. */
  durable: boolean;
  onProgress: (message: string) => void;
};

/**
 * Makes sure that `dataDir` is a whole PostgreSQL data directory of our version.
 *
 * initdb takes seconds and can be killed in the middle. It therefore works in a directory beside the real one, which
 * gets its name only when it is complete: a `dataDir` that exists can be trusted.
 *
 * @throws {StartProblem} when the directory holds something else, is of another major version, or initdb fails.
 */
export async function ensureDataDirectory(options: EnsureDataDirectoryOptions): Promise<void> {
  const { dataDir, onProgress } = options;
  await removeUnfinished(dataDir);
  if (await isComplete(dataDir)) return;

  onProgress(`Creating a PostgreSQL data directory in ${displayPath(dataDir)}.`);
  const workshop = await mkdtemp(unfinishedPrefix(dataDir));
  try {
    await runInitdb(workshop, options);
    await rename(join(workshop, 'data'), dataDir);
    if (options.durable) await flushDirectory(dirname(dataDir));
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
}

async function isComplete(dataDir: string): Promise<boolean> {
  const entries = await readdir(dataDir).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return [];
    throw new StartProblem(`${displayPath(dataDir)} cannot be read as a directory. Move it away and start again.`, {
      cause: error,
    });
  });
  if (entries.length === 0) return false;

  const version = await readFile(join(dataDir, 'PG_VERSION'), 'utf8').catch(() => undefined);
  if (version === undefined) {
    throw new StartProblem(
      `${displayPath(dataDir)} holds files but is not a PostgreSQL data directory. Move it away and start again.`,
    );
  }
  if (version.trim() !== POSTGRES_MAJOR) {
    throw new StartProblem(
      `${displayPath(dataDir)} was made by PostgreSQL ${version.trim()}, this version brings ${POSTGRES_MAJOR}. ` +
        'Move the data over with pg_dump, or move the directory away to begin with an empty database.',
    );
  }
  return true;
}

async function runInitdb(workshop: string, options: EnsureDataDirectoryOptions): Promise<void> {
  const { user, launch, initdb, superuserPassword, log, durable } = options;
  // In a file and not in an argument: every user of the machine sees arguments.
  const passwordFile = join(workshop, 'password');
  await writeFile(passwordFile, `${superuserPassword}\n`, { mode: 0o600 });
  if (user !== undefined) {
    await chown(passwordFile, user.uid, user.gid);
    await chown(workshop, user.uid, user.gid);
  }

  const flags = [
    `--pgdata=${join(workshop, 'data')}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // PostgreSQL's own C.UTF-8: sorts the same on every machine and after every upgrade of the C library.
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    ...(durable ? [] : ['--no-sync']),
  ];
  const child = launch(initdb, flags, { output: log.fd, whenParentDies: 'SIGTERM' });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) {
    throw new StartProblem(`PostgreSQL could not create ${displayPath(options.dataDir)}. It says:\n${log.lastLines()}`);
  }
}

async function flushDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
