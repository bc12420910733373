import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findFreePort } from '../../src/embedded/free-port.ts';
import { ensureNginx } from './ensure-nginx.ts';

export type Nginx = {
  readonly port: number;
  /** What it has written into `auth.log`, in its own directory. */
  readonly logged: () => string;
  readonly stop: () => Promise<void>;
};

const READY_MS = 10_000;

/** A real nginx with a file of `conf.d`. @param configure that file, for the port where nginx is to listen */
export async function startNginx(configure: (port: number) => string): Promise<Nginx> {
  const directory = mkdtempSync(path.join(tmpdir(), 'auth-test-nginx-'));
  const port = await findFreePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`);
  writeFileSync(path.join(directory, 'auth.conf'), configure(port));
  writeFileSync(
    path.join(directory, 'nginx.conf'),
    // Its workers would be somebody else, who cannot read this directory.
    `${process.geteuid?.() === 0 ? 'user root;' : ''}
     worker_processes 2; daemon off; pid nginx.pid; error_log stderr warn;
     events {}
     http { access_log off; ${temporary.join(' ')} include auth.conf; }`,
  );
  const child = spawn(ensureNginx(), ['-p', directory, '-c', 'nginx.conf'], { stdio: ['ignore', 'ignore', 'pipe'] });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  const deadline = Date.now() + READY_MS;
  while (!(await answers(port))) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`nginx does not start: ${complaints}`);
    await sleep(20);
  }
  return {
    port,
    logged: () => readFileSync(path.join(directory, 'auth.log'), 'utf8'),
    async stop() {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function answers(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  const isThere = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return isThere;
}
