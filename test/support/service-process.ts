import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { TEST_MASTER_KEY, connectClients } from './service.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** A replica in a process of its own, for what cannot be done to a part of a process: pausing and killing it. */
export type ServiceProcess = Awaited<ReturnType<typeof startServiceProcess>>;

export async function startServiceProcess(settings: Record<string, string> & { DATABASE_URL: string }) {
  // Ends with this process, however that ends.
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
        SHUTDOWN_GRACE: '1s',
        ...settings,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const gone = once(child, 'exit');
  const port = await new Promise<number>((resolve, reject) => {
    // Read to the end, or the process would one day wait for us.
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line = JSON.parse(text) as { msg?: string; port?: number };
      if (line.msg === 'serving' && line.port) resolve(line.port);
    });
    void gone.then(() => reject(new Error('The service ended before it served.')));
  });
  const address = `127.0.0.1:${port}`;
  const clients = connectClients(address);

  return {
    ...clients,
    address,
    pid: child.pid ?? 0,
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    /** kill -9. Resolves when it is gone; may be called again. */
    async kill(): Promise<void> {
      clients.close();
      child.kill('SIGKILL');
      await gone;
    },
  };
}
