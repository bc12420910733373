import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { RateLimiterClusterMaster } from 'rate-limiter-flexible';
import type { Delay } from '../clock.ts';
import type { FromPrimary, FromWorker, Served } from './messages.ts';
import { createSlotDispenser } from './slot-dispenser.ts';
import { createSupervisor } from './supervisor.ts';
import type { Supervisor } from './supervisor.ts';
import { forkWorker } from './worker-process.ts';
import type { WorkerProcess } from './worker-process.ts';

type RunningWorkers = Pick<Supervisor, 'stop' | 'failed'> & Served;

type Options = Pick<FromPrimary & { kind: 'start' }, 'settings' | 'logFile'> & {
  /** How many. */
  readonly count: number;
  /** Hashes that all of them together compute at once. */
  readonly hashConcurrency: number;
  /** Milliseconds that calls under way may take at a stop. */
  readonly grace: number;
  readonly delay: Delay;
  readonly logger: Logger;
};

/** What a worker has to do at a stop beside waiting for calls; milliseconds. */
const CLOSING = 10_000;

/**
 * Makes this process the primary of several that serve behind one address: each is a replica of its own. The primary takes
 * connections and hands them out in turn; it answers no call. It carries what the workers tell each other, and holds what
 * they share: the slots for hashes and, without Redis, the counters of calls.
 */
export async function startWorkers(options: Options): Promise<RunningWorkers> {
  const { count, settings, logFile, hashConcurrency, grace, delay, logger } = options;
  cluster.setupPrimary({ exec: fileURLToPath(new URL('worker.ts', import.meta.url)), args: [] });
  new RateLimiterClusterMaster();

  const crew = new Map<number, WorkerProcess>();
  const slots = createSlotDispenser({
    slots: hashConcurrency,
    grant: (worker, id) => crew.get(worker)?.tell({ kind: 'slot', id }),
  });

  function hear(worker: number, message: FromWorker): void {
    if (message.kind === 'take slot') slots.take(worker, message.id);
    else if (message.kind === 'give slot back') slots.giveBack(worker, message.id);
    else if (message.kind === 'publish') {
      const { channel, text } = message;
      for (const [other, process] of crew) if (other !== worker) process.tell({ kind: 'message', channel, text });
    }
  }

  function fork(worker: number): WorkerProcess {
    const process = forkWorker((message) => hear(worker, message));
    process.tell({ kind: 'start', worker, settings, logFile });
    crew.set(worker, process);
    const gone = process.gone.then((end) => {
      crew.delete(worker);
      slots.forget(worker);
      return end;
    });
    return { ...process, gone };
  }

  const supervisor = createSupervisor({ count, fork, delay, patience: grace + CLOSING, logger });
  try {
    const served = await supervisor.start();
    return { ...served, stop: supervisor.stop, failed: supervisor.failed };
  } catch (error) {
    await supervisor.stop();
    throw error;
  }
}
