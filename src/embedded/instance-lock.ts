import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { displayPath } from './display-path.ts';
import { StartProblem } from '../errors/start-problem.ts';

/**
 * How long to try against another starter: of two that come at the same moment each can stand in the other's way for
 * an instant, and without patience both would lose. It also gives the winner time to write down its pid.
 */
const PATIENCE_MS = 500;
const SQLITE_BUSY = 5;

type InstanceLock = {
  /** May be called again. */
  release(): Promise<void>;
};

/**
 * Makes this process the only one that works on `dataDir`, which is created when missing.
 *
 * The lock is one of the kernel's, on the file `instance.lock`, taken through SQLite because Node.js offers no other
 * way to one. The kernel drops it with the process that holds it, however that ends: nothing is ever left to be taken
 * over, and no recycled pid can be mistaken for the holder. `instance.pid` beside it is for the message only.
 *
 * The kernel also drops it when this process closes `instance.lock` after opening it in any other way. Nobody else
 * may touch that file.
 *
 * Blocks the event loop up to 0.5 s when another instance holds the lock.
 *
 * @throws {StartProblem} when another instance, or this process itself, holds it.
 */
export async function acquireInstanceLock(dataDir: string): Promise<InstanceLock> {
  const pidFile = join(dataDir, 'instance.pid');
  const lock = await openLockFile(dataDir);
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if (!isBusy(error)) throw unusable(dataDir, error);
    const pid = await readFile(pidFile, 'utf8').catch(() => undefined);
    const who = pid === undefined ? '' : ` (pid ${pid.trim()})`;
    throw new StartProblem(`Another instance${who} already runs on ${displayPath(dataDir)}; stop it first.`);
  }
  await writeFile(pidFile, `${process.pid}\n`).catch((error: unknown) => {
    lock.close();
    throw unusable(dataDir, error);
  });

  let held = true;
  return {
    async release() {
      if (!held) return;
      held = false;
      // In this order, or it could be the pid of the next holder that is removed.
      await rm(pidFile, { force: true });
      lock.close();
    },
  };
}

async function openLockFile(dataDir: string): Promise<DatabaseSync> {
  try {
    await mkdir(dataDir, { recursive: true });
    return new DatabaseSync(join(dataDir, 'instance.lock'), { timeout: PATIENCE_MS });
  } catch (error) {
    throw unusable(dataDir, error);
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;
}

function unusable(dataDir: string, cause: unknown): StartProblem {
  const file = displayPath(join(dataDir, 'instance.lock'));
  return new StartProblem(
    `${file} cannot be used as a lock. It must be an empty file of yours in a directory you can write to; ` +
      'check the owner and the free space, or delete it.',
    { cause },
  );
}
