import { randomUUID } from 'node:crypto';
import { ChannelCredentials, Metadata, createChannel, createClient } from 'nice-grpc';
import { expect, it } from 'vitest';
import { AuthServiceDefinition } from '../../src/gen/auth/v1/auth_service.ts';
import { createAuthority } from '../support/certificates.ts';
import { createTestDatabase } from '../support/test-database.ts';
import { startWorkerProcesses } from '../support/worker-processes.ts';

it('Every worker knows a service by the certificate of its connection', async () => {
  const san = 'spiffe://internal/orders';
  const authority = createAuthority();
  const server = authority.issue('server', 'DNS:localhost');
  const orders = authority.issue('orders', `URI:${san}`);
  const database = await createTestDatabase();
  const service = await startWorkerProcesses({
    DATABASE_URL: database.serviceUrl,
    WORKERS: '2',
    LOCAL_CALLERS: 'off',
    LOG_LEVEL: 'debug',
    TLS_CERT_FILE: server.certFile,
    TLS_KEY_FILE: server.keyFile,
    TLS_CLIENT_CA_FILE: authority.caFile,
    SERVICE_CALLERS: JSON.stringify([{ name: 'orders', sans: [san], methods: ['auth.v1.AuthService/ValidateToken'] }]),
  });
  try {
    const credentials = ChannelCredentials.createSsl(authority.ca, orders.key, orders.cert);
    const requestIds: string[] = Array.from({ length: 4 }, () => randomUUID());
    for (const requestId of requestIds) {
      const options = { 'grpc.use_local_subchannel_pool': 1 };
      const channel = createChannel(`localhost:${service.port}`, credentials, options);
      const auth = createClient(AuthServiceDefinition, channel);
      const metadata = Metadata({ 'x-request-id': requestId });
      const { result } = await auth.validateToken({ accessToken: 'x' }, { metadata });
      expect(result?.$case).toBe('problem');
      channel.close();
    }
    const logged = () => service.lines.filter(({ requestId }) => requestIds.includes(String(requestId)));
    await expect.poll(() => logged().length, { timeout: 10_000 }).toBe(4);
    expect(logged().every((line) => line['service'] === 'orders')).toBe(true);
    expect(new Set(logged().map((line) => line['worker'])).size).toBe(2);
  } finally {
    await service.kill();
    await database.drop();
    authority.remove();
  }
});
