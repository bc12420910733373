import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterEach } from 'vitest';
import { listProcesses } from '../../src/embedded/process-table.ts';

/** A new directory, mode 0700, and a list of what to undo; both end with the test, also when it fails. */
export function scratchForEachTest() {
  const undo: (() => unknown)[] = [];
  afterEach(async () => {
    while (undo.length > 0) await undo.pop()?.();
  });
  return {
    directory(): string {
      const directory = mkdtempSync(join(tmpdir(), 'auth-embedded-'));
      undo.push(() => {
        rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
      });
      return directory;
    },
    /** The last to be registered is undone first. */
    afterTest(action: () => unknown): void {
      undo.push(action);
    },
    /** A script beside this file in a Node.js of its own, killed after the test. */
    run(script: string, args: string[]): ChildProcess {
      const path = fileURLToPath(new URL(script, import.meta.url));
      const child = spawn(process.execPath, [path, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
      undo.push(() => killed(child));
      return child;
    },
  };
}

/** kill -9, and the wait for its end. */
export async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

export async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('the output of this process is not piped');
  for await (const line of createInterface({ input: child.stdout })) return line;
  throw new Error('the process ended without a word');
}

export async function query(url: string, text: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

export async function until(condition: () => boolean | Promise<boolean>, withinMs = 10_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('it did not come true in time');
    await sleep(10);
  }
}

/** False for one that ended and was not reaped: where nobody inherits orphans, they stay in that state. */
export async function isRunning(pid: number): Promise<boolean> {
  return (await listProcesses()).some((row) => row.pid === pid);
}
