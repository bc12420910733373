import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { startWorkerProcesses } from '../support/worker-processes.ts';
import type { WorkerProcesses } from '../support/worker-processes.ts';

const LIST_ROLES = '/accounts.v1.AccountsService/ListRoles';
const LIMIT = 60;

describe('Two workers behind the port for browsers', () => {
  let database: TestDatabase;
  let service: WorkerProcesses;
  beforeAll(async () => {
    database = await createTestDatabase();
    service = await startWorkerProcesses({
      DATABASE_URL: database.serviceUrl,
      WORKERS: '2',
      GATEWAY_ADDRESS: '127.0.0.1:0',
      PUBLIC_CALLS_PER_MINUTE: `${LIMIT}`,
    });
  });
  afterAll(async () => {
    await service?.kill();
    await database?.drop();
  });

  it('share its connections, count calls together, and end together', async () => {
    const line = service.lines.find(({ msg }) => msg === 'all workers serve');
    const { port } = line?.['gateway'] as { port: number };
    // Each on a connection of its own, as many browsers are.
    const call = async () => {
      const { status } = await fetch(`http://127.0.0.1:${port}${LIST_ROLES}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', connection: 'close' },
        body: '{"interface":"customer"}',
      });
      return status;
    };
    const statuses = await Promise.all(Array.from({ length: 2 * LIMIT }, call));
    expect(statuses.filter((status) => status === 200)).toHaveLength(LIMIT);
    expect(statuses.filter((status) => status === 429)).toHaveLength(LIMIT);
    const workers = () =>
      new Set(service.lines.filter(({ method }) => method === LIST_ROLES).map((each) => each['worker']));
    await expect.poll(() => workers().size, { timeout: 5000 }).toBe(2);

    service.signal('SIGTERM');
    expect(await service.ended).toBe(0);
    await expect(call()).rejects.toThrow('fetch failed');
  });
});
