import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, afterAll, describe, expect, it } from 'vitest';
import { PASSWORD, register } from '../support/people.ts';
import { refusalOf } from '../support/refusal.ts';
import type { Clients } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { busyThreads, connectToEach, startWorkerProcesses } from '../support/worker-processes.ts';
import type { WorkerProcesses } from '../support/worker-processes.ts';

const WORKERS = 3;

describe('What several workers share', () => {
  let database: TestDatabase;
  let service: WorkerProcesses | undefined;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterEach(async () => {
    await service?.kill();
    service = undefined;
  });
  afterAll(() => database?.drop());

  async function start(settings: Record<string, string>) {
    service = await startWorkerProcesses({ DATABASE_URL: database.serviceUrl, WORKERS: `${WORKERS}`, ...settings });
    return { running: service, connections: await connectToEach(service, WORKERS) };
  }

  /** Logins without end, so many at once on each connection; resolves, when told to end, with how many were answered. */
  function storm(connections: readonly Pick<Clients, 'auth'>[], atOnce: number) {
    let isOver = false;
    let answered = 0;
    const one = async ({ auth }: Pick<Clients, 'auth'>) => {
      while (!isOver) {
        const login = auth.login({ login: `nobody-${Math.random()}`, password: PASSWORD });
        const reason = await refusalOf(login).then(
          (refusal) => refusal.reason,
          () => 'the connection broke',
        );
        if (reason === 'CREDENTIALS_INVALID') answered += 1;
        else await sleep(50);
      }
    };
    const all = connections.flatMap((each) => Array.from({ length: atOnce }, () => one(each)));
    return {
      answered: () => answered,
      async end() {
        isOver = true;
        await Promise.all(all);
      },
    };
  }

  it('is the bound of hashes: a storm of logins on all of them computes no more at once than one process would', async () => {
    const { running, connections } = await start({ HASH_CONCURRENCY: '1', LOGIN_FAILURES_PER_ADDRESS: '1000000' });
    const logins = storm(connections, 8);
    await expect.poll(logins.answered, { timeout: 20_000 }).toBeGreaterThan(10);

    const workers = running.workers();
    const seen: number[] = [];
    for (let look = 0; look < 300; look += 1) {
      seen.push(workers.reduce((sum, worker) => sum + busyThreads(worker), 0));
      await sleep(10);
    }
    await logins.end();
    const share = (isMeant: (threads: number) => boolean) => seen.filter(isMeant).length / seen.length;
    // A line of the log is written by such a thread, too, and waits for its turn on a busy machine. Unbound workers
    // compute three hashes nearly all the time.
    expect(share((threads) => threads > 1)).toBeLessThan(0.25);
    expect(share((threads) => threads === 1)).toBeGreaterThan(0.5);
  });

  it('is given back by one that is killed in the middle of a hash', async () => {
    // Half a second each or so, so that the one that computes now is the one that is killed.
    const { running, connections } = await start({ HASH_CONCURRENCY: '1', BCRYPT_COST: '13' });
    const [flooded, quiet] = connections;
    const { secondLogin } = await register(quiet!);
    const logins = storm([flooded!], 4);
    const computing = () => running.workers().find((worker) => busyThreads(worker) > 0);
    await expect.poll(computing, { timeout: 20_000, interval: 5 }).toBeDefined();
    const victim = computing();
    expect(victim).toBeDefined();
    process.kill(victim!, 'SIGKILL');
    await expect.poll(() => running.workers().includes(victim!), { timeout: 5000 }).toBe(false);

    // Much earlier than a slot is taken back from a worker that holds it without end.
    const { tokens } = await quiet!.auth.login(
      { login: secondLogin, password: PASSWORD },
      { signal: AbortSignal.timeout(25_000) },
    );
    expect(tokens).toBeDefined();
    await logins.end();
  }, 120_000);

  it('is, without Redis, the count of PUBLIC calls from one address', async () => {
    const { connections } = await start({ LOCAL_CALLERS: 'off', PUBLIC_CALLS_PER_MINUTE: '30' });
    const outcomes: string[] = [];
    for (let call = 0; call < 45; call += 1) {
      const { keys } = connections[call % WORKERS]!;
      outcomes.push(
        await keys.getJwks({}).then(
          () => 'answered',
          () => 'refused',
        ),
      );
    }
    // Some were used to find out who has which connection.
    expect(outcomes.filter((outcome) => outcome === 'answered').length).toBeGreaterThanOrEqual(15);
    expect(outcomes.filter((outcome) => outcome === 'answered').length).toBeLessThanOrEqual(30 - WORKERS);
    expect(outcomes.slice(30)).toEqual(Array.from({ length: 15 }, () => 'refused'));
  });
});
