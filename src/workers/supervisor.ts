import type { Logger } from 'pino';
import type { Delay } from '../clock.ts';
import { StartProblem } from '../errors/start-problem.ts';
import type { Failure, Served } from './messages.ts';
import type { WorkerEnd, WorkerProcess } from './worker-process.ts';

/** Keeps a number of workers running. */
export type Supervisor = {
  /** Resolves when all serve. Rejects when one cannot; call `stop` then. */
  readonly start: () => Promise<Served>;
  /** Tells the workers to stop and resolves when all are gone. */
  readonly stop: () => Promise<void>;
  /** Rejects when no worker serves any more and none can be started. */
  readonly failed: Promise<never>;
};

type Deps = {
  readonly count: number;
  readonly fork: (worker: number) => WorkerProcess;
  readonly delay: Delay;
  /** Milliseconds that a worker may take to stop. */
  readonly patience: number;
  readonly logger: Pick<Logger, 'error' | 'warn' | 'info'>;
};

/** Milliseconds before a worker is replaced: doubled each time, unless the last one has served for a while. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 5000;
const A_WHILE = 10_000;

export function createSupervisor({ count, fork, delay, patience, logger }: Deps): Supervisor {
  const running = new Set<WorkerProcess>();
  const serving = new Set<number>();
  const stopping = new AbortController();
  const failed = Promise.withResolvers<never>();
  // Whoever does not wait for it (a stop) has nothing to do about it.
  failed.promise.catch(() => undefined);
  const loops: Promise<void>[] = [];
  let hasStarted = false;
  const isStopping = () => stopping.signal.aborted;

  /** Runs one worker after another under the same number. */
  async function keep(worker: number, onServing: (served: Served) => void): Promise<void> {
    let pause = FIRST_PAUSE;
    while (!isStopping()) {
      const begin = performance.now();
      const process = fork(worker);
      running.add(process);
      void process.serving.then((served) => {
        serving.add(worker);
        onServing(served);
      });
      const end = await process.gone;
      running.delete(process);
      serving.delete(worker);
      const { code, signal, failure } = end;
      const how = { worker, code, signal, ...(failure && { err: toError(failure) }) };
      if (isStopping()) {
        if (code !== 0) logger.warn(how, 'worker did not end in order');
        return;
      }
      if (isHopeless(end)) {
        failed.reject(problemOf(worker, end));
        return;
      }

      logger.error(how, 'worker ended and is replaced');
      if (performance.now() - begin > A_WHILE) pause = FIRST_PAUSE;
      await delay(pause, stopping.signal);
      pause = Math.min(pause * 2, LONGEST_PAUSE);
    }
  }

  function isHopeless({ signal, failure }: WorkerEnd): boolean {
    // While others serve, a database that is away for a moment is no reason to end them, too.
    if (hasStarted) return serving.size === 0 && failure?.isForPeople === true;
    // Ctrl-C reaches a worker that is too young to ignore it. The start goes on, and is then stopped in order.
    return signal !== 'SIGINT' && signal !== 'SIGTERM';
  }

  return {
    failed: failed.promise,
    async start() {
      const begin = (worker: number) => {
        const { promise, resolve } = Promise.withResolvers<Served>();
        loops.push(keep(worker, resolve));
        return Promise.race([promise, failed.promise]);
      };
      // The first finds out for all whether a start is possible: what is wrong is said once.
      const served = await begin(1);
      await Promise.all(Array.from({ length: count - 1 }, (_, index) => begin(index + 2)));
      hasStarted = true;
      logger.info({ workers: count, ...served.address, gateway: served.gateway }, 'all workers serve');
      return served;
    },
    async stop() {
      stopping.abort();
      const done = new AbortController();
      const tooLate = delay(patience, done.signal).then(() => {
        if (!done.signal.aborted) for (const worker of running) worker.kill();
      });
      for (const worker of running) worker.tell({ kind: 'stop' });
      await Promise.all(loops);
      done.abort();
      await tooLate;
    },
  };
}

function problemOf(worker: number, { code, signal, failure }: WorkerEnd): Error {
  if (!failure) return new StartProblem(`Worker ${worker} ended before it served (${signal ?? `exit code ${code}`}).`);
  return failure.isForPeople ? new StartProblem(failure.message) : toError(failure);
}

function toError({ message, stack }: Failure): Error {
  return Object.assign(new Error(message), { stack });
}
