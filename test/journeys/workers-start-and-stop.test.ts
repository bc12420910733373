import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { postgresProcessesOf, runMain } from '../support/npm-start.ts';
import type { Started } from '../support/npm-start.ts';
import { PASSWORD, register } from '../support/people.ts';
import { TEST_MASTER_KEY, connectClients } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { problemOf } from '../support/validation.ts';
import { childrenOf, connectToEach, isAlive, startWorkerProcesses } from '../support/worker-processes.ts';

describe('npm start with several workers', () => {
  let database: TestDatabase;
  const directory = mkdtempSync(path.join(tmpdir(), 'auth-workers-'));
  const runs: Started[] = [];
  const start = (environment: Record<string, string>) => {
    const run = runMain(directory, environment);
    runs.push(run);
    return run;
  };
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterEach(async () => {
    // Of a test that has failed.
    for (const run of runs.splice(0)) {
      run.signal('SIGKILL');
      await run.ended();
    }
  });
  afterAll(async () => {
    await database?.drop();
    rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  });

  it('ends in order on Ctrl-C, which reaches all processes: calls under way are answered', async () => {
    const service = await startWorkerProcesses({
      DATABASE_URL: database.serviceUrl,
      WORKERS: '3',
      BCRYPT_COST: '12',
      SHUTDOWN_GRACE: '60s',
    });
    try {
      const connections = await connectToEach(service, 3);
      const { secondLogin } = await register(connections[0]!);
      const workers = service.workers();
      const logins = connections.flatMap(({ auth }) =>
        [1, 2].map(() => auth.login({ login: secondLogin, password: PASSWORD })),
      );
      const counted = async () =>
        (await database.query<{ failures: number }>(`select failures from auth.login_attempts`))[0]?.failures;
      await expect.poll(counted, { timeout: 10_000, interval: 5 }).toBe(6);

      service.signalAll('SIGINT');
      for (const { tokens } of await Promise.all(logins)) expect(tokens).toBeDefined();
      expect(await service.ended).toBe(0);
      expect(workers.filter(isAlive)).toEqual([]);
    } finally {
      await service.kill();
    }
    expect(await database.query('select 1 from auth.replicas')).toEqual([]);
  });

  it('obeys a Ctrl-C that comes while the workers start', async () => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', path.resolve('src/main.ts')], {
      env: {
        PATH: process.env['PATH'],
        DATABASE_URL: database.serviceUrl,
        WORKERS: '2',
        LISTEN_ADDRESS: '127.0.0.1:0',
        MASTER_KEY: TEST_MASTER_KEY,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    const ended = once(child, 'close');
    const pid = child.pid ?? 0;
    try {
      await expect.poll(() => childrenOf(pid).length, { timeout: 20_000, interval: 2 }).toBe(1);
      const workers = childrenOf(pid);
      process.kill(-pid, 'SIGINT');
      expect(await ended).toEqual([0, null]);
      expect(errors).toBe('');
      expect(workers.filter(isAlive)).toEqual([]);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('serves on a PostgreSQL of its own, which ends last', async () => {
    const run = start({ WORKERS: '3' });
    const clients = connectClients(await run.serving());
    expect(run.output().match(/Serving gRPC on/g)).toHaveLength(1);
    const { tokens } = await register(clients);
    expect(await problemOf(clients, tokens.accessToken)).toBeNull();
    clients.close();
    const workers = childrenOf(run.pid);
    run.signal('SIGINT');
    expect(await run.ended()).toMatchObject({ code: 0, errors: '' });
    expect(run.output()).not.toContain('PostgreSQL has ended by itself');
    expect(workers.filter(isAlive)).toEqual([]);
    expect(await postgresProcessesOf(directory)).toEqual([]);
  });

  it('leaves no worker when the primary is killed, and starts again on what it has left', async () => {
    const run = start({ WORKERS: '3' });
    const clients = connectClients(await run.serving());
    const { secondLogin } = await register(clients);
    clients.close();
    const workers = childrenOf(run.pid).filter(isAlive);
    expect(workers.length).toBeGreaterThanOrEqual(3);
    run.signal('SIGKILL');
    await run.ended();

    const next = start({ WORKERS: '3' });
    const others = connectClients(await next.serving());
    expect((await others.auth.login({ login: secondLogin, password: PASSWORD })).tokens).toBeDefined();
    others.close();
    await expect.poll(() => workers.filter(isAlive), { timeout: 10_000 }).toEqual([]);
    next.signal('SIGTERM');
    expect(await next.ended()).toMatchObject({ code: 0, errors: '' });
    expect(await postgresProcessesOf(directory)).toEqual([]);
  }, 120_000);

  it('leaves no worker when the primary is killed together with whoever reads the log', async () => {
    const service = await startWorkerProcesses({
      DATABASE_URL: database.serviceUrl,
      WORKERS: '3',
      LOG_LEVEL: 'debug',
    });
    const connections = await connectToEach(service, 3);
    const workers = service.workers();
    // So that there is something left to write.
    const asking = connections.map(async ({ auth }) => {
      for (;;) await auth.validateToken({ accessToken: 'x' });
    });
    await Promise.race([Promise.all(asking), new Promise((resolve) => setTimeout(resolve, 500))]);
    service.stopReading();
    service.signal('SIGKILL');
    await Promise.allSettled(asking);
    await service.kill();
    await expect.poll(() => workers.filter(isAlive), { timeout: 10_000 }).toEqual([]);
  });

  it('ends and says why when no worker serves any more and none can be started', async () => {
    const lost = await createTestDatabase();
    const run = start({
      DATABASE_URL: lost.serviceUrl,
      MASTER_KEY: TEST_MASTER_KEY,
      LOCAL_CALLERS: 'on',
      WORKERS: '2',
    });
    await expect.poll(() => run.output(), { timeout: 30_000 }).toContain('"msg":"all workers serve"');
    await lost.drop();
    for (const worker of childrenOf(run.pid)) process.kill(worker, 'SIGKILL');
    const { code, errors } = await run.ended();
    expect(code).toBe(1);
    expect(errors.trim()).toMatch(/^PostgreSQL \(DATABASE_URL\) refuses: database .* does not exist$/);
  });

  describe('does not start and says why once', () => {
    const refusal = async (settings: Record<string, string>) => {
      const run = start({
        DATABASE_URL: database.serviceUrl,
        MASTER_KEY: TEST_MASTER_KEY,
        LOCAL_CALLERS: 'on',
        WORKERS: '3',
        ...settings,
      });
      const { code, errors, output } = await run.ended();
      expect(code).toBe(1);
      expect(output).not.toContain('"msg":"all workers serve"');
      expect(output).not.toContain('is replaced');
      return errors.trim();
    };

    it('when the port is in use', async () => {
      const busy = createServer().listen(0, '127.0.0.1');
      await once(busy, 'listening');
      const { port } = busy.address() as AddressInfo;
      try {
        const said = await refusal({ LISTEN_ADDRESS: `127.0.0.1:${port}` });
        // The transport has a word of its own before.
        expect(said.split('\n').at(-1)).toBe(
          `Cannot listen on 127.0.0.1:${port}. Is another process using it? LISTEN_ADDRESS says where to serve.`,
        );
        expect(said.match(/Cannot listen/g)).toHaveLength(1);
        expect(said.split('\n').length).toBeLessThanOrEqual(2);
      } finally {
        busy.close();
      }
    });

    it('when the master key is not the one of the data', async () => {
      const said = await refusal({ MASTER_KEY: Buffer.alloc(32, 1).toString('base64') });
      expect(said).toMatch(/^.*MASTER_KEY is not the one.*$/);
    });

    it('when there are to be none', async () => {
      expect(await refusal({ WORKERS: '0' })).toContain('WORKERS must be at least 1');
    });
  });
});
