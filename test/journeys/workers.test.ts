import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { accessTokens } from '../support/access-tokens.ts';
import { bearer } from '../support/people.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { problemOf } from '../support/validation.ts';
import { connectToEach, isAlive, startWorkerProcesses } from '../support/worker-processes.ts';
import type { WorkerProcesses } from '../support/worker-processes.ts';

const WORKERS = 3;
/** So long that a revoker who waits for it is noticed on any machine. */
const LEASE = 5000;

describe('Several workers behind one port, without Redis', () => {
  let database: TestDatabase;
  let service: WorkerProcesses;
  let connections: Awaited<ReturnType<typeof connectToEach>>;
  const connection = (number: number) => connections[number % WORKERS] as (typeof connections)[number];

  beforeAll(async () => {
    database = await createTestDatabase();
    service = await startWorkerProcesses({
      DATABASE_URL: database.serviceUrl,
      WORKERS: `${WORKERS}`,
      REVOCATION_LEASE: `${LEASE}ms`,
      LOG_LEVEL: 'debug',
    });
    connections = await connectToEach(service, WORKERS);
  });
  afterAll(async () => {
    await service?.kill();
    await database?.drop();
  });

  const replicas = async () =>
    (await database.query<{ id: string }>('select id from auth.replicas')).map(({ id }) => id);

  it('share its connections, each as a replica of its own', async () => {
    expect(service.workers()).toHaveLength(WORKERS);
    expect(await replicas()).toHaveLength(WORKERS);
    const [token = ''] = await accessTokens(connection(0), database, 1);
    for (const each of connections) expect(await problemOf(each, token)).toBeNull();
    const workersOf = (method: string) =>
      new Set(service.lines.filter((line) => line['method'] === method).map((line) => line['worker']));
    await expect.poll(() => workersOf('/auth.v1.AuthService/ValidateToken').size, { timeout: 5000 }).toBe(WORKERS);
  });

  it('hold a logout that one of them has answered, and none of them waits for a lease', async () => {
    const tokens = await accessTokens(connection(0), database, 200);
    const [live = ''] = await accessTokens(connection(0), database, 1);
    let isOver = false;
    const validators = connections.map(async (each) => {
      let wrong = 0;
      while (!isOver) wrong += (await problemOf(each, live)) === null ? 0 : 1;
      return wrong;
    });

    const times: number[] = [];
    const problems: (string | null)[] = [];
    const logOut = async (token: string) => {
      const begin = performance.now();
      await connection(0).auth.logout({}, bearer(token));
      times.push(performance.now() - begin);
      problems.push(...(await Promise.all([1, 2].map((other) => problemOf(connection(other), token)))));
    };
    for (let first = 0; first < tokens.length; first += 40) {
      await Promise.all(tokens.slice(first, first + 40).map(logOut));
    }
    isOver = true;

    expect(problems).toHaveLength(400);
    expect([...new Set(problems)]).toEqual(['TOKEN_REVOKED']);
    expect(await Promise.all(validators)).toEqual([0, 0, 0]);
    expect(times.toSorted((a, b) => a - b)[100]).toBeLessThan(LEASE / 5);
  });

  it('go on when one of them is killed, which is replaced; no logout is forgotten and none fails on the others', async () => {
    const revoked = await accessTokens(connection(0), database, 10);
    const [live = '', ...during] = await accessTokens(connection(0), database, 5);
    for (const token of revoked) await connection(0).auth.logout({}, bearer(token));
    const before = new Set(await replicas());

    const [victim = 0, ...others] = service.workers();
    process.kill(victim, 'SIGKILL');
    await expect.poll(() => service.lines.some((line) => line['msg'] === 'worker ended and is replaced')).toBe(true);
    const { worker: number } = service.lines.find((line) => line['msg'] === 'worker ended and is replaced') ?? {};
    const survivors = connections.filter(({ worker }) => worker !== number);
    expect(survivors).toHaveLength(WORKERS - 1);
    // The killed one could be silent only, so these wait for its lease; they hold on the others all the same.
    const [revoker, other] = survivors;
    await Promise.all(
      during.map(async (token) => {
        await revoker!.auth.logout({}, bearer(token));
        expect(await problemOf(other!, token)).toBe('TOKEN_REVOKED');
      }),
    );

    await expect.poll(() => service.workers().length, { timeout: 20_000 }).toBe(WORKERS);
    expect(service.workers()).toEqual(expect.arrayContaining(others));
    await expect.poll(async () => (await replicas()).some((id) => !before.has(id)), { timeout: 20_000 }).toBe(true);
    const now = await connectToEach(service, WORKERS);
    for (const each of now) {
      expect(await problemOf(each, live)).toBeNull();
      for (const token of [...revoked, ...during]) expect(await problemOf(each, token)).toBe('TOKEN_REVOKED');
    }
  });

  it('log into one place, a worker in each line and no line in another', async () => {
    // That each is JSON was looked at when it came.
    const calls = service.lines.filter((line) => line['msg'] === 'call');
    expect(calls.length).toBeGreaterThan(500);
    expect(calls.every((line) => [1, 2, 3].includes(line['worker'] as number))).toBe(true);
  });

  it('end with status 0 on SIGTERM, and leave nothing behind', async () => {
    const workers = service.workers();
    service.signal('SIGTERM');
    expect(await service.ended).toBe(0);
    expect(workers.filter(isAlive)).toEqual([]);
    await expect.poll(async () => (await replicas()).length).toBeLessThanOrEqual(1);
  });
});

describe('Several workers with Redis', () => {
  it('tell each other by Redis alone, as replicas on several machines do', async () => {
    const database = await createTestDatabase();
    const start = () =>
      startWorkerProcesses({
        DATABASE_URL: database.serviceUrl,
        WORKERS: '2',
        REDIS_URL: inject('redisUrl'),
        REVOCATION_LEASE: `${LEASE}ms`,
      });
    const [here, there] = await Promise.all([start(), start()]);
    try {
      const all = [...(await connectToEach(here, 2)), ...(await connectToEach(there, 2))];
      const tokens = await accessTokens(all[0]!, database, 20);
      // The first of them may have come before everybody listened.
      await sleep(200);
      const times: number[] = [];
      for (const token of tokens) {
        const begin = performance.now();
        await all[0]!.auth.logout({}, bearer(token));
        times.push(performance.now() - begin);
        for (const each of all) expect(await problemOf(each, token)).toBe('TOKEN_REVOKED');
      }
      expect(times.toSorted((a, b) => a - b)[10]).toBeLessThan(LEASE / 5);
    } finally {
      await Promise.all([here.kill(), there.kill()]);
      await database.drop();
    }
  });
});
