import { ChannelCredentials, Metadata, createChannel, createClientFactory } from 'nice-grpc';
import { errorDetailsClientMiddleware } from 'nice-grpc-error-details';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuthServiceDefinition } from '../../src/gen/auth/v1/auth_service.ts';
import { createAuthority } from '../support/certificates.ts';
import type { Certificate } from '../support/certificates.ts';
import { refusalOf } from '../support/refusal.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

const ORDERS = 'spiffe://internal/orders';

describe('Mutual TLS', () => {
  const authority = createAuthority();
  const strangers = createAuthority();
  let database: TestDatabase;
  let service: TestService;

  beforeAll(async () => {
    database = await createTestDatabase();
    const server = authority.issue('server', 'DNS:localhost');
    service = await startService({
      DATABASE_URL: database.serviceUrl,
      LOCAL_CALLERS: 'off',
      TLS_CERT_FILE: server.certFile,
      TLS_KEY_FILE: server.keyFile,
      TLS_CLIENT_CA_FILE: authority.caFile,
      SERVICE_CALLERS: JSON.stringify([
        { name: 'orders', sans: [ORDERS], methods: ['auth.v1.AuthService/ValidateToken'] },
        { name: 'billing', sans: ['billing.internal'], methods: ['auth.v1.KeysService/*'] },
      ]),
    });
  });
  afterAll(async () => {
    await service?.stop();
    await database?.drop();
    authority.remove();
    strangers.remove();
  });

  /** Calls ValidateToken over a connection of its own. */
  async function validateWith(certificate: Certificate | null, metadata: Record<string, string> = {}) {
    const credentials = ChannelCredentials.createSsl(authority.ca, certificate?.key ?? null, certificate?.cert ?? null);
    const channel = createChannel(`localhost:${service.port}`, credentials);
    const auth = createClientFactory().use(errorDetailsClientMiddleware).create(AuthServiceDefinition, channel);
    try {
      return await auth.validateToken({ accessToken: 'x' }, { metadata: Metadata(metadata) });
    } finally {
      channel.close();
    }
  }

  it.each([
    ['alone', `URI:${ORDERS}`],
    ['among others', `DNS:orders.internal,URI:${ORDERS},IP:10.0.0.1`],
  ])('a certificate with a name on the list is that service: %s', async (name, san) => {
    const answer = await validateWith(authority.issue(`orders-${name.replace(' ', '-')}`, san));
    expect(answer.result?.$case).toBe('problem');
  });

  it('a service is held to its own methods', async () => {
    const certificate = authority.issue('billing', 'DNS:billing.internal');
    expect((await refusalOf(validateWith(certificate))).reason).toBe('SERVICE_NOT_ALLOWED');
  });

  it.each([
    ['another name', 'DNS:reports.internal'],
    ['a name that begins like one', `URI:${ORDERS}-2`],
    ['a name that hides one behind a comma', `@names\n[names]\nURI.1 = http://x, URI:${ORDERS}`],
    ['no name', ''],
  ])('a certificate with %s is no service, whatever its metadata says', async (name, san) => {
    const certificate = authority.issue(name.replaceAll(' ', '-'), san);
    const forged = { 'x-verified-san': ORDERS };
    for (const metadata of [{}, forged]) {
      expect(await refusalOf(validateWith(certificate, metadata))).toMatchObject({
        status: 'UNAUTHENTICATED',
        reason: 'SERVICE_IDENTITY_REQUIRED',
      });
    }
  });

  it('nobody connects without a certificate of the authority', async () => {
    const foreign = strangers.issue('orders', `URI:${ORDERS}`);
    for (const certificate of [null, foreign]) {
      await expect(validateWith(certificate, { 'x-verified-san': ORDERS })).rejects.toThrow('UNAVAILABLE');
    }
  });

  it('nobody connects without TLS', async () => {
    await expect(service.auth.validateToken({ accessToken: 'x' })).rejects.toThrow('UNAVAILABLE');
  });
});
