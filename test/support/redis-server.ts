import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findFreePort, isPortFree } from '../../src/embedded/free-port.ts';
import { ensureRedisBinary } from './ensure-redis.ts';

const HOST = '127.0.0.1';
const READY_MS = 15_000;
const PING_MS = 500;
const STOP_MS = 5_000;
const PORT_ATTEMPTS = 5;

export type RedisServer = {
  readonly port: number;
  readonly url: string;
  /** Of the process at this moment; another one after `restart()`. */
  readonly pid: number;
  /** Orderly shutdown. May be called again, and after `kill()` or while paused. */
  stop(): Promise<void>;
  /** SIGKILL, as in a power cut of this one process. Resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGSTOP: the port still accepts connections and nothing answers. */
  pause(): void;
  /** Ends a pause. */
  resume(): void;
  /** Stops it if it runs, and starts it on the same port and directory. */
  restart(): Promise<void>;
};

export type StartRedisOptions = {
  /** Created when missing. Holds the data and `redis.log`. */
  dir: string;
  /** Keep what is written, with a flush to disk before every answer. Default: memory only. */
  appendOnly?: boolean;
  /** On 127.0.0.1. Default: a free one. */
  port?: number;
  /** Options of redis-server; they come last and win, for example `['--save', '60', '1']`. */
  extraArgs?: string[];
};

/**
 * Starts a real redis-server and resolves when it answers. It listens on 127.0.0.1 only, keeps everything it is given
 * (`noeviction`), and ends with this process wherever setpriv is there.
 */
export async function startRedisServer(options: StartRedisOptions): Promise<RedisServer> {
  const dir = resolve(options.dir);
  await mkdir(dir, { recursive: true });
  const binary = ensureRedisBinary();
  const start = (port: number) => startProcess(binary, redisArgs(port, dir, options), port, join(dir, 'redis.log'));

  let running = options.port === undefined ? await startOnSomeFreePort(start) : await start(options.port);
  const { port } = running;

  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    const { child } = running;
    if (hasEnded(child)) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    child.kill('SIGCONT'); // a paused process takes no SIGTERM
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await gone;
    clearTimeout(timer);
  };

  return {
    port,
    url: `redis://${HOST}:${port}`,
    get pid() {
      return running.pid;
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    pause() {
      running.child.kill('SIGSTOP');
    },
    resume() {
      running.child.kill('SIGCONT');
    },
    async restart() {
      await end('SIGTERM');
      running = await start(port);
    },
  };
}

function redisArgs(port: number, dir: string, { appendOnly = false, extraArgs = [] }: StartRedisOptions): string[] {
  return [
    ...['--port', String(port), '--bind', HOST, '--dir', dir],
    ...['--maxmemory-policy', 'noeviction', '--save', ''],
    ...(appendOnly ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no']),
    ...extraArgs,
  ];
}

type Running = { child: ChildProcess; pid: number; port: number };

async function startOnSomeFreePort(start: (port: number) => Promise<Running>): Promise<Running> {
  for (let attempt = 1; ; attempt++) {
    const port = await findFreePort();
    try {
      return await start(port);
    } catch (error) {
      // Somebody else may have taken the port since it was found free.
      if (attempt === PORT_ATTEMPTS || (await isPortFree(port))) throw error;
    }
  }
}

async function startProcess(binary: string, args: string[], port: number, logFile: string): Promise<Running> {
  const child = await spawnThatEndsWithUs(binary, args, logFile);
  const pid = child.pid;
  const deadline = Date.now() + READY_MS;
  while (pid !== undefined && !hasEnded(child) && Date.now() < deadline) {
    if (await isReady(port, pid)) return { child, pid, port };
    await sleep(20);
  }
  child.kill('SIGKILL');
  const lastLines = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-8).join('\n');
  throw new Error(`redis-server did not start on port ${port}. Its log, ${logFile}, ends with:\n${lastLines}`);
}

async function spawnThatEndsWithUs(binary: string, args: string[], logFile: string): Promise<ChildProcess> {
  const log = openSync(logFile, 'a');
  // Detached, or Ctrl-C would end it while tests still clean up.
  const options = { detached: true, stdio: ['ignore', log, log] as ['ignore', number, number] };
  try {
    const child = spawn('setpriv', ['--pdeathsig=KILL', '--', binary, ...args], options);
    if (child.pid !== undefined) return child;
    await once(child, 'error');
    return spawn(binary, args, options);
  } finally {
    closeSync(log);
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/**
 * Whether the server of this pid answers on the port and has loaded its data. The pid is asked for because somebody
 * else's Redis could be listening there; one that wants a password does not tell it and has to be believed.
 */
async function isReady(port: number, pid: number): Promise<boolean> {
  const answer = await askOnce(port, 'PING\r\nINFO server\r\n');
  if (answer.startsWith('-NOAUTH')) return true;
  return answer.startsWith('+PONG') && new RegExp(`^process_id:${pid}\r?$`, 'm').test(answer);
}

async function askOnce(port: number, command: string): Promise<string> {
  const socket = connect({ port, host: HOST });
  socket.setTimeout(PING_MS, () => socket.destroy());
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    answer += chunk;
  });
  socket.on('error', () => undefined);
  socket.write(`${command}QUIT\r\n`);
  await once(socket, 'close').catch(() => undefined);
  return answer;
}
