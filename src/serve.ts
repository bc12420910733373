import { startApp } from './app.ts';
import { systemDelay } from './clock.ts';
import { loadConfig } from './config/load.ts';
import { createLogger, flushLog } from './logger.ts';
import { hashConcurrency } from './passwords/hash-concurrency.ts';
import type { Running } from './run-until-signal.ts';
import type { Served } from './workers/messages.ts';
import { startWorkers } from './workers/start-workers.ts';

type Serving = Running & Served;

/**
 * Serves under these settings: in this process, or in as many workers as they ask for.
 * @param print shows the person in front of a terminal messages that nobody sends; workers do it by themselves
 */
export async function serve(
  settings: Readonly<Record<string, string | undefined>>,
  logFile: string | null = null,
  print: ((text: string) => void) | null = null,
): Promise<Serving> {
  const config = loadConfig(settings);
  const logger = createLogger(config.LOG_LEVEL, { file: logFile });
  await using opened = new AsyncDisposableStack();
  opened.defer(() => flushLog(logger));

  const service: Serving =
    config.WORKERS === 1
      ? await startApp(config, logger, null, print)
      : await startWorkers({
          count: config.WORKERS,
          settings,
          logFile,
          hashConcurrency: hashConcurrency(config.HASH_CONCURRENCY),
          grace: config.SHUTDOWN_DELAY + config.SHUTDOWN_GRACE,
          delay: systemDelay,
          logger,
        });
  opened.defer(() => service.stop());
  const running = opened.move();
  return { ...service, stop: () => running.disposeAsync() };
}
