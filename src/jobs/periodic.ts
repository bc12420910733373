import { setTimeout as delay } from 'node:timers/promises';

/** Something done again and again until it is stopped; a failure is told and does not end it. */
type Periodic = { readonly start: () => void; readonly stop: () => Promise<void> };

type Options = {
  /** Milliseconds between the end of one turn and the beginning of the next. */
  readonly interval: number;
  readonly work: () => unknown;
  readonly onProblem: (error: unknown) => void;
};

export function createPeriodic({ interval, work, onProblem }: Options): Periodic {
  const stopping = new AbortController();
  let loop: Promise<void> | undefined;

  async function run(): Promise<void> {
    for (;;) {
      // Up to a tenth apart, so that replicas that start together do not work together.
      const wait = interval * (0.9 + Math.random() * 0.2);
      await delay(wait, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      try {
        await work();
      } catch (error) {
        onProblem(error);
      }
    }
  }

  return {
    start() {
      loop ??= run();
    },
    async stop() {
      stopping.abort();
      await loop;
    },
  };
}
