import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readEnvironment } from '../../src/config/environment.ts';
import { isOnPath } from './on-path.ts';
import type { Core } from './pinning.ts';

const STOP_MS = 15_000;

export type NodeProcess = {
  readonly pid: number;
  readonly child: ChildProcess;
  /** Rejects when the process ends before it is stopped; never resolves. */
  readonly failed: Promise<never>;
  readonly stop: () => Promise<void>;
};

type Options = {
  readonly program: URL;
  readonly args?: readonly string[];
  readonly core: Core;
  readonly scope: AsyncDisposableStack;
  /** Its output goes to a log file in there. */
  readonly directory: string;
  /** Settings; nothing of our own environment but the PATH is passed on, so that no shell's settings are measured. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly workingDirectory?: string;
  /** Whether it takes messages. */
  readonly hasChannel?: boolean;
};

let processes = 0;

/** Starts a program of this repository on one core. It ends with the scope, and where there is setpriv with us at the latest. */
export function startNodeProcess(options: Options): NodeProcess {
  const { program, args = [], core, scope, directory, settings = {}, workingDirectory, hasChannel = false } = options;
  const file = fileURLToPath(program);
  const logFile = path.join(directory, `${path.basename(file, '.ts')}-${(processes += 1)}.log`);
  const log = openSync(logFile, 'a');
  const [command = '', ...rest] = [
    ...(isOnPath('setpriv') ? ['setpriv', '--pdeathsig=KILL', '--'] : []),
    ...(core === null ? [] : ['taskset', '-c', String(core)]),
    ...[process.execPath, '--disable-warning=ExperimentalWarning', file, ...args],
  ];
  const child = spawn(command, rest, {
    // A group of its own: Ctrl-C reaches us, and we stop everything in order.
    detached: true,
    stdio: ['ignore', log, log, ...(hasChannel ? (['ipc'] as const) : [])],
    serialization: 'advanced',
    env: { PATH: readEnvironment()['PATH'], ...settings },
    ...(workingDirectory === undefined ? {} : { cwd: workingDirectory }),
  });
  closeSync(log);

  let isStopping = false;
  const exited = once(child, 'exit').catch(() => undefined);
  const failed = exited.then(() => {
    if (isStopping) return new Promise<never>(() => undefined);
    const lastLines = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-15).join('\n');
    throw new Error(`${path.basename(file)} has ended by itself. Its last words:\n${lastLines}`);
  });
  // Somebody waits for it whenever it matters.
  failed.catch(() => undefined);

  const stop = async () => {
    isStopping = true;
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await exited;
    clearTimeout(timer);
  };
  scope.defer(stop);
  return { pid: child.pid ?? 0, child, failed, stop };
}
