import cluster from 'node:cluster';
import { isOurs } from './messages.ts';
import type { Failure, FromPrimary, FromWorker, Served } from './messages.ts';

/** How a worker has ended. */
export type WorkerEnd = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it had to say of it. */
  readonly failure: Failure | null;
};

/** A worker, as the primary sees it. */
export type WorkerProcess = {
  readonly tell: (message: FromPrimary) => void;
  /** Resolves when it serves; stays pending when it ends before. */
  readonly serving: Promise<Served>;
  /** Resolves when it is gone and everything that it has said was heard. Never rejects. */
  readonly gone: Promise<WorkerEnd>;
  readonly kill: () => void;
};

/**
 * Messages that a worker has not taken yet. One that stands still (stopped by somebody) would fill the primary's memory;
 * what other workers announce may be lost, any time.
 */
const MOST_UNSENT = 1000;

export function forkWorker(onMessage: (message: FromWorker) => void): WorkerProcess {
  const worker = cluster.fork();
  const serving = Promise.withResolvers<Served>();
  let failure: Failure | null = null;
  let unsent = 0;
  // Of a message to a process that has just gone, also one that a library has sent.
  worker.on('error', () => undefined);
  worker.on('message', (message: unknown) => {
    if (!isOurs(message)) return;
    const ours = message as FromWorker;
    if (ours.kind === 'serving') serving.resolve(ours.served);
    else if (ours.kind === 'failed') failure = ours.failure;
    else onMessage(ours);
  });

  const end = Promise.withResolvers<Omit<WorkerEnd, 'failure'>>();
  worker.process.once('exit', (code, signal) => end.resolve({ code, signal }));
  // Comes when the last message has been read, which may be after the end of the process.
  const silent = new Promise<void>((resolve) => worker.process.once('disconnect', () => resolve()));
  // No process at all: the machine has no room for another.
  const gone =
    worker.process.pid === undefined
      ? Promise.resolve({ code: null, signal: null, failure })
      : Promise.all([end.promise, silent]).then(([how]) => ({ ...how, failure }));

  return {
    tell(message) {
      if (message.kind === 'message' && unsent >= MOST_UNSENT) return;
      unsent += 1;
      worker.send(message, () => {
        unsent -= 1;
      });
    },
    serving: serving.promise,
    gone,
    kill: () => void worker.process.kill('SIGKILL'),
  };
}
