import { once } from 'node:events';
import { Client, credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

/** Asks server reflection for its services, as grpcurl does: ServerReflectionRequest { list_services: "" }, field 7. */
async function listServices(address: string): Promise<string[]> {
  const client = new Client(address, credentials.createInsecure());
  const asIs = (bytes: Buffer) => bytes;
  try {
    const stream = client.makeBidiStreamRequest(
      '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
      asIs,
      asIs,
    );
    const failed = once(stream, 'error').then(([error]) => Promise.reject(error as Error));
    stream.write(Buffer.from([(7 << 3) | 2, 0]));
    const [answer] = (await Promise.race([once(stream, 'data'), failed])) as [Buffer];
    failed.catch(() => undefined);
    stream.end();
    stream.cancel();
    return answer.toString('latin1').match(/[a-z0-9.]+\.v1\.[A-Za-z]+/g) ?? [];
  } finally {
    client.close();
  }
}

describe('Health and reflection', () => {
  let database: TestDatabase;
  let service: TestService;
  let open: TestService;

  beforeAll(async () => {
    database = await createTestDatabase();
    service = await startService({ DATABASE_URL: database.serviceUrl, LOCAL_CALLERS: 'off' });
    open = await startService({ DATABASE_URL: database.serviceUrl, LOCAL_CALLERS: 'off', REFLECTION: 'on' });
  });
  afterAll(async () => {
    await service?.stop();
    await open?.stop();
    await database?.drop();
  });

  it('anybody may ask for health, and hears SERVING', async () => {
    // 1 is SERVING in grpc.health.v1.
    expect(await service.health.check({ service: '' })).toMatchObject({ status: 1 });
  });

  it('a health watch hears at once, and is ended by a stop', async () => {
    const own = await startService({ DATABASE_URL: database.serviceUrl, SHUTDOWN_GRACE: '30s' });
    const watch = own.health.watch({ service: '' })[Symbol.asyncIterator]();
    expect((await watch.next()).value).toMatchObject({ status: 1 });
    const end = watch.next().catch((error: unknown) => error);
    const startedAt = performance.now();
    await own.stop();
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    await end;
  });

  it('reflection names every service where it is switched on', async () => {
    expect((await listServices(open.address)).sort()).toEqual([
      'accounts.v1.AccountsService',
      'accounts.v1.OrganisationsService',
      'accounts.v1.RolesService',
      'accounts.v1.SupportService',
      'accounts.v1.UsersAdminService',
      'accounts.v1.UsersService',
      'auth.v1.AuditService',
      'auth.v1.AuthService',
      'auth.v1.KeysService',
      'auth.v1.MessagesAdminService',
      'auth.v1.PasswordsService',
      'auth.v1.RegistrationService',
      'auth.v1.RevocationsService',
      'auth.v1.SessionsService',
      'auth.v1.TokensAdminService',
      'grpc.health.v1.Health',
    ]);
  });

  it('reflection is off by default', async () => {
    await expect(listServices(service.address)).rejects.toThrow('UNIMPLEMENTED');
  });
});
