import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { listProcesses } from './process-table.ts';

/** initdb waits for the step it is in, a second at most on a slow machine. */
const INITDB_ENDS_MS = 10_000;
const POLL_MS = 50;

/**
 * Where initdb works, up to a random end. The end keeps an initdb that outlived its parent from writing into the
 * directory of the next one.
 */
export function unfinishedPrefix(dataDir: string): string {
  return `${dataDir}.unfinished-`;
}

/** Removes what killed runs left beside `dataDir`. It is litter and no more: nothing depends on success. */
export async function removeUnfinished(dataDir: string): Promise<void> {
  const parent = dirname(dataDir);
  const prefix = basename(unfinishedPrefix(dataDir));
  const litter = (await readdir(parent)).filter((name) => name.startsWith(prefix));
  if (litter.length === 0) return;

  // Not under its hands: it would crash and leave shared memory behind for good.
  await endInitdbOf(dataDir);
  for (const name of litter) {
    await rm(join(parent, name), { recursive: true, force: true, maxRetries: 4, retryDelay: 50 }).catch(
      () => undefined,
    );
  }
}

async function endInitdbOf(dataDir: string): Promise<void> {
  const isOurs = (arg: string) => arg.startsWith(`--pgdata=${unfinishedPrefix(dataDir)}`);
  const running = async () => (await listProcesses()).filter(({ args }) => args.some(isOurs));
  for (const { pid } of await running()) {
    try {
      process.kill(pid, 'SIGTERM');
    } catch {
      // it has ended by itself
    }
  }
  const deadline = Date.now() + INITDB_ENDS_MS;
  while (Date.now() < deadline && (await running()).length > 0) await sleep(POLL_MS);
}
