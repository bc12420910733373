import { randomUUID } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Metadata } from 'nice-grpc';
import { expect, vi } from 'vitest';
import { TEST_MASTER_KEY, connectClients } from './service.ts';
import type { Clients } from './service.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** The program with WORKERS=n on a database of the tests. */
export type WorkerProcesses = Awaited<ReturnType<typeof startWorkerProcesses>>;

export async function startWorkerProcesses(
  settings: Record<string, string> & { DATABASE_URL: string; WORKERS: string },
) {
  // Ends with this process, however that ends. A group of its own: what a terminal sends goes to all of it.
  const child = spawn(
    'setpriv',
    ['--pdeathsig=KILL', '--', process.execPath, '--disable-warning=ExperimentalWarning', MAIN],
    {
      env: {
        PATH: process.env['PATH'],
        LISTEN_ADDRESS: '127.0.0.1:0',
        LOCAL_CALLERS: 'on',
        MASTER_KEY: TEST_MASTER_KEY,
        BCRYPT_COST: '10',
        SHUTDOWN_GRACE: '5s',
        ...settings,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    },
  );
  const pid = child.pid ?? 0;
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  const lines: Record<string, unknown>[] = [];
  const { promise: serving, resolve, reject } = Promise.withResolvers<number>();
  createInterface({ input: child.stdout }).on('line', (text) => {
    // A line that is none is a line of two workers.
    const line = JSON.parse(text) as Record<string, unknown>;
    lines.push(line);
    if (line['msg'] === 'all workers serve') resolve(line['port'] as number);
  });
  void ended.then((code) => reject(new Error(`It ended with ${code} before it served.`)));
  const port = await serving;
  const opened: Clients[] = [];

  return {
    pid,
    port,
    /** What all of them have logged. */
    lines,
    workers: () => childrenOf(pid),
    /** A connection of its own, and the number of the worker that has it. */
    async connect() {
      const clients = connectClients(`127.0.0.1:${port}`, { 'grpc.use_local_subchannel_pool': 1 });
      opened.push(clients);
      const requestId = randomUUID();
      await clients.keys.getJwks({}, { metadata: Metadata({ 'x-request-id': requestId }) });
      const worker = await vi.waitFor(
        () => {
          const line = lines.find((each) => each['requestId'] === requestId);
          if (!line) throw new Error('The call has not been logged.');
          return line['worker'] as number;
        },
        { timeout: 10_000, interval: 20 },
      );
      return { ...clients, worker };
    },
    signal: (name: NodeJS.Signals) => void child.kill(name),
    /** As Ctrl-C in a terminal does it. */
    signalAll: (name: NodeJS.Signals) => void process.kill(-pid, name),
    /** Whoever reads the log is gone. */
    stopReading: () => void child.stdout.destroy(),
    /** Resolves with the exit code; null: ended by a signal. */
    ended,
    /** kill -9 of what is left. May be called again. */
    async kill(): Promise<void> {
      for (const clients of opened) clients.close();
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** A connection to one worker each, in the order of their numbers. */
export async function connectToEach({ connect }: Pick<WorkerProcesses, 'connect'>, count: number) {
  const found = new Map<number, Awaited<ReturnType<typeof connect>>>();
  // They are handed out in turn, but a try that failed takes a turn too.
  for (let tries = 0; found.size < count && tries < count * 4; tries += 1) {
    const clients = await connect();
    if (found.has(clients.worker)) clients.close();
    else found.set(clients.worker, clients);
  }
  expect([...found.keys()].toSorted()).toEqual(Array.from({ length: count }, (_, index) => index + 1));
  return [...found.values()].toSorted((a, b) => a.worker - b.worker);
}

export function childrenOf(pid: number): number[] {
  return readProc(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
}

export function isAlive(pid: number): boolean {
  // One that has ended and that nobody has asked about yet is a zombie.
  const state = stateOf(`/proc/${pid}/stat`);
  return state !== undefined && state !== 'Z';
}

/** How many threads of a process compute something for libuv at this moment: hashes, but for some microseconds. */
export function busyThreads(pid: number): number {
  return threadsOf(pid).filter(
    (directory) => readProc(`${directory}/comm`).trim() === 'libuv-worker' && stateOf(`${directory}/stat`) === 'R',
  ).length;
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}`);
  } catch {
    return [];
  }
}

function stateOf(file: string): string | undefined {
  // "pid (name, which may hold anything) state ..."
  return /.*\) (\S)/s.exec(readProc(file))?.[1];
}

/** Empty when the process has gone meanwhile. */
function readProc(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
