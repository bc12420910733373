import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

/** The service as `npm start` runs it, in a folder of its own and on free ports. */
export async function startServiceProcess(settings: Readonly<Record<string, string>> = {}) {
  const directory = await mkdtemp(path.join(tmpdir(), 'auth-interop-service-'));
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', path.resolve('src/main.ts')], {
    cwd: directory,
    env: { ...process.env, LISTEN_ADDRESS: '127.0.0.1:0', GATEWAY_ADDRESS: '127.0.0.1:0', ...settings },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { address, gatewayUrl } = await new Promise<{ address: string; gatewayUrl: string }>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`The service ended at its start with code ${code}.`)));
    let grpc = '';
    createInterface({ input: child.stdout }).on('line', (line) => {
      grpc ||= /Serving gRPC on (\S+);/.exec(line)?.[1] ?? '';
      const browsers = /Serving browsers on (\S+)$/.exec(line)?.[1];
      if (browsers) resolve({ address: grpc, gatewayUrl: browsers });
    });
  });
  return {
    address,
    gatewayUrl,
    /** Where it writes the messages that it would send. */
    messages: path.join(directory, '.data', 'messages'),
    /** Makes the first superadmin as an operator would: on the machine, beside the service that runs. */
    async createSuperadmin(login: string, password: string) {
      const args = ['--disable-warning=ExperimentalWarning', path.resolve('src/admin.ts')];
      const admin = spawn(process.execPath, [...args, 'create-superadmin', '--login', login], {
        cwd: directory,
        stdio: ['pipe', 'ignore', 'pipe'],
      });
      admin.stdin.end(`${password}\n`);
      const [told, [code]] = await Promise.all([text(admin.stderr), once(admin, 'exit') as Promise<[number | null]>]);
      if (code !== 0) throw new Error(`create-superadmin ended with code ${code}:\n${told}`);
    },
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
