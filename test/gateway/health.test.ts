import { afterAll, beforeAll, expect, it } from 'vitest';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
let service: TestService;
beforeAll(async () => {
  database = await createTestDatabase();
  service = await startService({ DATABASE_URL: database.serviceUrl, GATEWAY_ADDRESS: '127.0.0.1:0' });
});
afterAll(async () => {
  await service?.stop();
  await database?.drop();
});

const ask = (method: string) => fetch(`${service.gatewayUrl}/gateway/health?at=${Math.random()}`, { method });

it('The gateway tells load balancers that it serves, and has it stored nowhere', async () => {
  const answer = await ask('GET');
  expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
  expect(await answer.json()).toEqual({ status: 'SERVING' });
  // Without TLS in front of it there is nothing that a browser could be held to.
  expect(answer.headers.get('strict-transport-security')).toBeNull();
  const head = await ask('HEAD');
  expect([head.status, await head.text()]).toEqual([200, '']);
});

it('The health of the gateway is for reading', async () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    const { status, headers } = await ask(method);
    expect([method, status, headers.get('allow')]).toEqual([method, 405, 'GET, HEAD']);
  }
});
