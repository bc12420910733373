import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long a fast shutdown may take: it writes all changed pages to disk. */
const FAST_SHUTDOWN_MS = 30_000;
const IMMEDIATE_SHUTDOWN_MS = 5_000;

export type PostgresExit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** A running postmaster that is our child. */
export type Postmaster = {
  readonly pid: number;
  /** Resolves when it is gone, for whatever reason. Never rejects. */
  readonly gone: Promise<PostgresExit>;
  /** Resolves when it ends without having been asked to; pending forever otherwise. Never rejects. */
  readonly exited: Promise<PostgresExit>;
  /** Fast shutdown: breaks connections, loses nothing. After 30 s a harder one. Every call waits for the same end. */
  stop(): Promise<void>;
};

/** Rejects when the program could not be started at all. */
export async function watchPostmaster(child: ChildProcess): Promise<Postmaster> {
  if (child.pid === undefined) {
    const [reason] = (await once(child, 'error')) as [Error];
    throw reason;
  }
  const gone = new Promise<PostgresExit>((resolve) => {
    child.once('exit', (code, signal) => {
      resolve({ code, signal });
    });
  });
  // A signal that could not be delivered; the next, harder one follows.
  child.on('error', () => undefined);
  let stopping: Promise<void> | undefined;

  async function stopOnce(): Promise<void> {
    for (const [signal, patienceMs] of [
      ['SIGINT', FAST_SHUTDOWN_MS],
      ['SIGQUIT', IMMEDIATE_SHUTDOWN_MS],
      ['SIGKILL', Number.POSITIVE_INFINITY],
    ] as const) {
      child.kill(signal);
      if (await goneWithin(patienceMs)) return;
    }
  }

  async function goneWithin(patienceMs: number): Promise<boolean> {
    if (patienceMs === Number.POSITIVE_INFINITY) return gone.then(() => true);
    const timer = new AbortController();
    const tooLate = sleep(patienceMs, false, { signal: timer.signal }).catch(() => false);
    try {
      return await Promise.race([gone.then(() => true), tooLate]);
    } finally {
      timer.abort();
    }
  }

  return {
    pid: child.pid,
    gone,
    exited: gone.then((exit) => (stopping === undefined ? exit : new Promise<never>(() => undefined))),
    stop() {
      stopping ??= stopOnce();
      return stopping;
    },
  };
}
