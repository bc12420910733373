import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { errorCode } from './error-code.ts';
import { StartProblem } from '../errors/start-problem.ts';

const POLL_MS = 25;
/** Once it says that it is ready there is no reason to refuse us; this is for a machine that is short of something. */
const LET_IN_MS = 10_000;
const ASK_AGAIN_MS = 250;
const CONNECT_MS = 5_000;
/** The line of `postmaster.pid` in which the postmaster says how far it is; pg_ctl waits for the same. */
const STATUS_LINE = 7;
const INVALID_PASSWORD = '28P01';

/**
 * Resolves when the postmaster `pid` answers queries.
 *
 * First it must say so in its pid file, then one real connection must succeed. The file comes first because a port
 * proves nothing: if another server had taken it, that one would answer.
 *
 * Rejects with `signal.reason` when aborted.
 *
 * @throws {StartProblem} when the server runs and does not let us in.
 */
export async function waitUntilReady(options: {
  dataDir: string;
  pid: number;
  connectionString: string;
  signal: AbortSignal;
}): Promise<void> {
  const { dataDir, pid, connectionString, signal } = options;
  while (!(await saysReady(dataDir, pid))) {
    signal.throwIfAborted();
    await sleep(POLL_MS);
  }
  const deadline = Date.now() + LET_IN_MS;
  for (;;) {
    const refusal = await refusalOf(connectionString);
    if (refusal === undefined) return;
    signal.throwIfAborted();
    if (Date.now() > deadline || errorCode(refusal) === INVALID_PASSWORD) throw notLetIn(refusal);
    await sleep(ASK_AGAIN_MS);
  }
}

async function saysReady(dataDir: string, pid: number): Promise<boolean> {
  const content = await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '');
  const lines = content.split('\n');
  return lines[0] === String(pid) && lines[STATUS_LINE]?.trim() === 'ready';
}

/** Undefined when it answers. */
async function refusalOf(connectionString: string): Promise<Error | undefined> {
  const client = new Client({ connectionString, connectionTimeoutMillis: CONNECT_MS, query_timeout: CONNECT_MS });
  // A connection that breaks after the answer would otherwise be an uncaught error.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select 1');
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  } finally {
    await client.end().catch(() => undefined);
  }
}

function notLetIn(refusal: Error): StartProblem {
  if (errorCode(refusal) === INVALID_PASSWORD) {
    return new StartProblem(
      'The database does not accept the stored superuser password: data directory and secrets file do not belong ' +
        'together. Restore the one that is missing, or move both away to begin with an empty database.',
      { cause: refusal },
    );
  }
  return new StartProblem(`PostgreSQL runs but does not answer: ${refusal.message}. Start again.`, { cause: refusal });
}
