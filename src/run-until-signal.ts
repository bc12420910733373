/** Something that runs until it is stopped. */
export type Running = {
  readonly stop: () => Promise<void>;
  /** Rejects when it cannot go on; it has to be stopped all the same. */
  readonly failed?: Promise<never> | undefined;
};

/**
 * Starts something, keeps it until SIGINT or SIGTERM, stops it in order, and ends the process. What cannot be started is said
 * in a sentence, without a stack: those errors are written for people (they are named in `FOR_PEOPLE`).
 *
 * @param start what to start; null when all was done
 */
export async function runUntilSignal(start: () => Promise<Running | null>): Promise<void> {
  // Listening before the start: a signal in the middle of it is obeyed as soon as there is something to stop.
  const signal = new Promise<void>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => resolve());
  });
  try {
    const running = await start();
    if (running) {
      // Promises alone do not keep a process.
      const keep = setInterval(() => undefined, 2 ** 30);
      try {
        await Promise.race([signal, ...(running.failed ? [running.failed] : [])]);
      } finally {
        clearInterval(keep);
        await running.stop();
      }
    }
    process.exit(0);
  } catch (error) {
    console.error(isForPeople(error) ? error.message : error);
    process.exit(1);
  }
}

const FOR_PEOPLE = new Set(['ConfigProblem', 'StartProblem', 'TypeError']);

/** Whether the message alone says it, without a stack. */
export function isForPeople(error: unknown): error is Error {
  return error instanceof Error && FOR_PEOPLE.has(error.name);
}
