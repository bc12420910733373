import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { PASSWORD, register } from '../support/people.ts';
import { refusalOf } from '../support/refusal.ts';
import { TEST_MASTER_KEY, connectClients, startService } from '../support/service.ts';
import type { Clients } from '../support/service.ts';
import { openRawCall } from '../support/raw-http2.ts';
import { openSession } from '../support/sessions.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { problemOf } from '../support/validation.ts';

describe('A graceful stop', () => {
  let database: TestDatabase;
  const settings = () => ({ DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl') });
  /** Connections of the service that PostgreSQL knows of, and replicas that revokers would wait for. */
  const leftBehind = async () => {
    const [row] = await database.query<{ connections: number; replicas: number }>(
      `select (select count(*)::int from pg_stat_activity where usename = 'auth_service' and datname = current_database()) as connections,
              (select count(*)::int from auth.replicas) as replicas`,
    );
    return row;
  };

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(async () => {
    await database?.drop();
  });

  it('breaks off calls that are never finished when the grace is over', async () => {
    const service = await startService({ ...settings(), SHUTDOWN_GRACE: '1s' });
    const call = openRawCall(service.port, '/auth.v1.AuthService/Login');
    call.send('');
    await expect.poll(() => problemOf(service, 'none')).toBe('TOKEN_MALFORMED');
    await service.stopServer();
    expect(await call.ended).toMatch(/CANCEL|closed|aborted/i);
    call.close();
    await service.stop();
  });

  it('says so first, and serves on for SHUTDOWN_DELAY, so that load balancers can turn away', async () => {
    const service = await startService({
      ...settings(),
      ...{ GATEWAY_ADDRESS: '127.0.0.1:0', SHUTDOWN_DELAY: '2s', SHUTDOWN_GRACE: '0s' },
    });
    const healthOf = async () => {
      const { status } = await service.health.check({ service: '' });
      const answer = await fetch(`${service.gatewayUrl}/gateway/health`);
      return [status, answer.status, await answer.json()];
    };
    // In grpc.health.v1 1 is SERVING, and 2 is NOT_SERVING.
    expect(await healthOf()).toEqual([1, 200, { status: 'SERVING' }]);
    const stopped = service.stopServer();
    expect(await healthOf()).toEqual([2, 503, { status: 'NOT_SERVING' }]);
    // New connections, too.
    const late = connectClients(service.address);
    await register(late);
    expect((await fetch(`${service.gatewayUrl}/.well-known/jwks.json`)).status).toBe(200);
    await stopped;
    await expect(fetch(`${service.gatewayUrl}/gateway/health`)).rejects.toThrow('fetch failed');
    await expect(late.auth.login({ login: 'x', password: 'y' })).rejects.toThrow('UNAVAILABLE');
    late.close();
    await service.stop();
  });

  it('answers the logins that are under way, takes no new calls, and leaves nothing behind', async () => {
    const service = await startService({
      ...settings(),
      HASH_CONCURRENCY: '1',
      BCRYPT_COST: '11',
      SHUTDOWN_GRACE: '60s',
    });
    const { secondLogin } = await register(service);
    const callers = connectClients(service.address);
    const login = (name: string) => callers.auth.login({ login: name, password: PASSWORD });
    // Hashed one after another: the good ones, which come last, wait for the others.
    const unknown = Array.from({ length: 6 }, (_, index) => refusalOf(login(`nobody-${index}`)));
    const good = [login(secondLogin), login(secondLogin)];
    const counted = async () => {
      const [row] = await database.query<{ failures: number }>(
        `select failures from auth.login_attempts where subject like 'user:%'`,
      );
      return row?.failures;
    };
    await expect.poll(counted, { timeout: 10_000, interval: 5 }).toBe(2);

    const late = connectClients(service.address);
    const stopped = service.stop();
    const refused = await late.keys.getJwks({}).catch((error: unknown) => String(error));
    expect(refused).toContain('UNAVAILABLE');
    const answers = await Promise.all(good);
    expect((await Promise.all(unknown)).map(({ reason }) => reason)).toEqual(
      Array.from({ length: 6 }, () => 'CREDENTIALS_INVALID'),
    );
    await stopped;
    late.close();
    callers.close();
    await expect.poll(leftBehind, { timeout: 5000 }).toEqual({ connections: 0, replicas: 0 });

    // What was answered at the last moment is as good as any.
    const next = await startService(settings());
    for (const { tokens } of answers) expect(await problemOf(next, tokens?.accessToken ?? '')).toBeNull();
    await next.stop();
  });

  it('ends within its grace, though a call hangs', async () => {
    const service = await startService({ ...settings(), SHUTDOWN_GRACE: '500ms' });
    const { userId } = await register(service);
    const { refreshToken } = await openSession(database, userId);
    const locker = new pg.Client({ connectionString: database.ownerUrl });
    await locker.connect();
    await locker.query('begin; lock table auth.sessions in access exclusive mode');
    const callers = connectClients(service.address);
    const hanging = callers.auth.refresh({ refreshToken }).catch((error: unknown) => String(error));
    const blocked = async () =>
      (await database.query(`select 1 from pg_locks where not granted and relation = 'auth.sessions'::regclass`))
        .length;
    await expect.poll(blocked, { timeout: 10_000 }).toBe(1);

    const stopped = service.stop();
    expect(await hanging).toMatch(/UNAVAILABLE|CANCELLED|INTERNAL/);
    await locker.query('rollback');
    await locker.end();
    await stopped;
    callers.close();
    await expect.poll(leftBehind, { timeout: 5000 }).toEqual({ connections: 0, replicas: 0 });
  });

  it('leaves nothing open: the process ends by itself', async () => {
    const config = {
      ...settings(),
      LISTEN_ADDRESS: '127.0.0.1:0',
      GATEWAY_ADDRESS: '127.0.0.1:0',
      LOCAL_CALLERS: 'on',
      MASTER_KEY: TEST_MASTER_KEY,
      BCRYPT_COST: '10',
    };
    const script = fileURLToPath(new URL('./start-and-stop-process.ts', import.meta.url));
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, JSON.stringify(config)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let clients: Clients | undefined;
    try {
      const exited = once(child, 'exit');
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const port = (await lines.next()).value as string;
      clients = connectClients(`127.0.0.1:${port}`);
      const { tokens } = await register(clients);
      expect(await problemOf(clients, tokens.accessToken)).toBeNull();

      child.stdin.end();
      expect((await lines.next()).value).toBe('stopped');
      expect(await exited).toEqual([0, null]);
    } finally {
      clients?.close();
      child.kill('SIGKILL');
    }
  });
});
