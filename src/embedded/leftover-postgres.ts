import { readFile, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { displayPath } from './display-path.ts';
import { errorCode } from './error-code.ts';
import { type ProcessRow, listProcesses } from './process-table.ts';
import { StartProblem } from '../errors/start-problem.ts';

/** A fast shutdown writes everything to disk first, which takes time after much work. */
const FAST_SHUTDOWN_MS = 15_000;
/** Those below do no work any more. An immediate shutdown is like a crash: safe, the next start recovers. */
const IMMEDIATE_SHUTDOWN_MS = 5_000;
const KILL_MS = 5_000;
/** Server processes whose postmaster is gone notice it and end; only one that is busy or stopped does not. */
const ORPHANS_END_MS = 1_000;
const POLL_MS = 50;

/**
 * A name that the server on this data directory carries in the command line of every one of its processes
 * (`cluster_name`), by which they are recognised after their parent was killed. It follows the directory when it is
 * renamed and does not follow a copy.
 */
export async function clusterNameOf(dataDir: string): Promise<string> {
  const { dev, ino } = await stat(dataDir, { bigint: true });
  return `embedded-${dev}-${ino}`;
}

/**
 * Stops whatever an earlier, killed run left working on this data directory, and removes its `postmaster.pid`. Nothing
 * to do is fine. The number in `postmaster.pid` alone proves nothing, because the system gives it to another process in
 * time; that one is never touched, and PostgreSQL is spared from taking it for a postmaster.
 *
 * The caller must be the only one who may start a server here (instance-lock.ts).
 *
 * @throws {StartProblem} when something is left that cannot be stopped.
 */
export async function stopLeftoverPostgres(options: {
  dataDir: string;
  onProgress: (message: string) => void;
}): Promise<void> {
  const { dataDir, onProgress } = options;
  const pidFile = join(dataDir, 'postmaster.pid');
  const clusterName = await clusterNameOf(dataDir);
  const recordedPid = await readPid(pidFile);

  const leftovers = async () => {
    const rows = await listProcesses();
    const postmasters: ProcessRow[] = [];
    const others: ProcessRow[] = [];
    for (const row of rows) {
      if (isServerProcess(row, clusterName)) others.push(row);
      else if (isPostmaster(row, clusterName)) postmasters.push(row);
      else if (row.pid === recordedPid && (await isPostmasterStartedByHand(row, dataDir))) postmasters.push(row);
    }
    return { postmasters, all: [...postmasters, ...others] };
  };
  const allGone = async (withinMs: number) => {
    const deadline = Date.now() + withinMs;
    while ((await leftovers()).all.length > 0) {
      if (Date.now() > deadline) return false;
      await sleep(POLL_MS);
    }
    return true;
  };

  const found = await leftovers();
  if (found.all.length > 0) {
    const pids = (found.postmasters.length > 0 ? found.postmasters : found.all).map(({ pid }) => pid).join(', ');
    onProgress(`Stopping the PostgreSQL that an earlier run left behind (pid ${pids}).`);
    for (const { pid } of found.postmasters) signal(pid, 'SIGINT', dataDir);
    let gone = await allGone(found.postmasters.length > 0 ? FAST_SHUTDOWN_MS : ORPHANS_END_MS);
    for (const [signalName, patienceMs] of [
      ['SIGQUIT', IMMEDIATE_SHUTDOWN_MS],
      ['SIGKILL', KILL_MS],
    ] as const) {
      if (gone) break;
      for (const { pid } of (await leftovers()).all) signal(pid, signalName, dataDir);
      gone = await allGone(patienceMs);
    }
    if (!gone) throw cannotStop((await leftovers()).all[0]?.pid, dataDir);
  }
  await rm(pidFile, { force: true });
}

async function readPid(pidFile: string): Promise<number | undefined> {
  const content = await readFile(pidFile, 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return '';
    throw error;
  });
  const pid = Number.parseInt(content, 10);
  return Number.isInteger(pid) && pid > 1 ? pid : undefined;
}

/** Any process but the postmaster; they rewrite their command line to "postgres: <cluster name>: <what they do>". */
function isServerProcess({ args }: ProcessRow, clusterName: string): boolean {
  return args.join(' ').startsWith(`postgres: ${clusterName}: `);
}

/** Also true for the moment before setpriv becomes postgres. */
function isPostmaster({ args }: ProcessRow, clusterName: string): boolean {
  return args.includes(`cluster_name=${clusterName}`) && args.some((arg) => basename(arg) === 'postgres');
}

/** One that somebody started with pg_ctl carries no name of ours, but `-D` or its working directory tell. */
async function isPostmasterStartedByHand({ pid, args }: ProcessRow, dataDir: string): Promise<boolean> {
  if (basename(args[0] ?? '') !== 'postgres') return false;
  const [wanted, ...candidates] = await Promise.all(
    [dataDir, args[args.indexOf('-D') + 1] ?? '', `/proc/${pid}/cwd`].map((path) => stat(path).catch(() => undefined)),
  );
  return candidates.some((found) => found !== undefined && found.dev === wanted?.dev && found.ino === wanted.ino);
}

function signal(pid: number, name: NodeJS.Signals, dataDir: string): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw cannotStop(pid, dataDir, error);
  }
}

function cannotStop(pid: number | undefined, dataDir: string, cause?: unknown): StartProblem {
  return new StartProblem(
    `A PostgreSQL of an earlier run still works on ${displayPath(dataDir)} (pid ${pid}) and cannot be stopped from here. ` +
      `Stop it with "kill -QUIT ${pid}" as its owner or as root, then start again.`,
    { cause },
  );
}
