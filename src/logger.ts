import { setTimeout as delay } from 'node:timers/promises';
import { destination, pino } from 'pino';
import type { Logger } from 'pino';

type Options = {
  /** null: stdout. */
  readonly file?: string | null;
  /** The number of a worker, where several write into one log. */
  readonly worker?: number;
};

/** The log: JSON lines on stdout, or in a file. */
export function createLogger(level: string, { file = null, worker }: Options = {}): Logger {
  return pino(
    {
      level,
      base: worker === undefined ? null : { worker },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      serializers: { err: describeError },
    },
    destination({
      ...(file === null ? { dest: 1 } : { dest: file, mkdir: true }),
      // Written several lines at a time, five times a second at the least: a write a call costs as much as the call. An
      // orderly end flushes; kill -9 loses the last fifth of a second of the log.
      sync: false,
      minLength: 2048,
      // What a pipe takes as a whole (PIPE_BUF): lines of several workers do not get into each other.
      maxWrite: 4096,
      periodicFlush: 200,
    }),
  );
}

/**
 * Writes what is left of the log, for at most a second. To be called before `process.exit`, where the library writes in one
 * go: to a pipe whose reader has gone it would write for ever (sonic-boom's `flushSync` takes EPIPE for "not now").
 */
export async function flushLog(logger: Pick<Logger, 'flush'>): Promise<void> {
  const flushed = new Promise<void>((resolve) => logger.flush(() => resolve()));
  await Promise.race([flushed, delay(1000, undefined, { ref: false })]);
}

/**
 * An error by an allow-list of fields. The driver's errors carry values of the statement (`detail`, `where`, `parameters`),
 * which can be contacts or hashes; none of those is named here.
 */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, stack, cause } = error;
  const { code } = error as { code?: unknown };
  return {
    name,
    message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(cause === undefined ? {} : { cause: describeError(cause) }),
    stack,
  };
}
