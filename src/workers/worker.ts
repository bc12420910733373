import { startApp } from '../app.ts';
import { loadConfig } from '../config/load.ts';
import { createLogger, flushLog } from '../logger.ts';
import { isForPeople } from '../run-until-signal.ts';
import { openPrimaryChannel } from './primary-channel.ts';
import { createPrimaryLink } from './primary-link.ts';

/**
 * One of several processes behind one address. The primary (start-workers.ts) starts it and tells it when to stop; when the
 * primary is gone, it ends at once.
 */

// Ctrl-C, and whoever stops a group of processes, reaches this one too. The primary says who ends when.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);

// Its listener and its slots are gone with it. Not by process.exit, as Node would do it: see flushLog.
process.prependOnceListener('disconnect', () => process.kill(process.pid, 'SIGKILL'));

const channel = openPrimaryChannel();
const toldToStop = channel.heard('stop');
const { worker, settings, logFile } = await channel.heard('start');
try {
  const config = loadConfig(settings);
  const logger = createLogger(config.LOG_LEVEL, { file: logFile, worker });
  await using _log = { [Symbol.asyncDispose]: () => flushLog(logger) };
  // Where the log is a file, somebody sits in front of the terminal, which is this process's, too.
  const print = logFile === null ? null : (text: string) => void process.stdout.write(`${text}\n`);
  const app = await startApp(config, logger, createPrimaryLink(channel), print);
  await channel.tell({ kind: 'serving', served: { address: app.address, gateway: app.gateway } });
  await toldToStop;
  await app.stop();
} catch (error) {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  await channel.tell({ kind: 'failed', failure: { isForPeople: isForPeople(error), message, stack } });
  process.exit(1);
}
process.exit(0);
