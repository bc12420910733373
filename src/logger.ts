import { destination, pino } from 'pino';
import type { Logger } from 'pino';

/** The log: JSON lines on stdout, or in a file. */
export function createLogger(level: string, file?: string): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      serializers: { err: describeError },
    },
    destination({
      ...(file === undefined ? { dest: 1 } : { dest: file, mkdir: true }),
      // Written several lines at a time, five times a second at the least: a write a call costs as much as the call. An
      // orderly end flushes; kill -9 loses the last fifth of a second of the log.
      sync: false,
      minLength: 4096,
      periodicFlush: 200,
    }),
  );
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
