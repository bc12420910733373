import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { clusterNameOf } from '../../src/embedded/leftover-postgres.ts';
import { listProcesses } from '../../src/embedded/process-table.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** What `npm start` runs, in a directory of its own. */
export type Started = ReturnType<typeof runMain>;

/**
 * Runs the program as the script `start` of package.json does.
 * @param environment all of it; nothing is taken over from the tests but the path
 */
export function runMain(cwd: string, environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN], {
    cwd,
    env: {
      PATH: process.env['PATH'],
      BCRYPT_COST: '10',
      LISTEN_ADDRESS: '127.0.0.1:0',
      GATEWAY_ADDRESS: '127.0.0.1:0',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  const listeners = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    for (const listener of listeners) listener();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const closed = once(child, 'close').then(([code]) => {
    for (const listener of listeners) listener();
    return code as number | null;
  });

  return {
    pid: child.pid ?? 0,
    output: () => output,
    errors: () => errors,
    /** Resolves with the exit code and what was said; null: ended by a signal. */
    ended: async () => ({ code: await closed, output, errors }),
    signal: (name: NodeJS.Signals) => void child.kill(name),
    /** The address it serves on, as it is told to people. */
    serving: () =>
      new Promise<string>((resolve, reject) => {
        const look = () => {
          const address = /Serving gRPC on (\S+);/.exec(output)?.[1];
          // The last line that is printed: now it may be signalled.
          if (address && output.includes('Stop with Ctrl-C')) resolve(address);
          else if (child.exitCode !== null || child.signalCode !== null) {
            reject(new Error(`It ended and said:\n${output}${errors}`));
          }
        };
        listeners.add(look);
        look();
      }),
  };
}

/** The processes of the PostgreSQL that works for a working directory. */
export async function postgresProcessesOf(cwd: string): Promise<number[]> {
  const name = await clusterNameOf(path.join(cwd, '.data', 'postgres'));
  const rows = await listProcesses();
  return rows
    .filter(({ args }) => args.includes(`cluster_name=${name}`) || args.join(' ').startsWith(`postgres: ${name}: `))
    .map(({ pid }) => pid);
}
