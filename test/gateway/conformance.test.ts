import { createClient, Code, ConnectError } from '@connectrpc/connect';
import type { Interceptor, Transport } from '@connectrpc/connect';
import { createConnectTransport, createGrpcWebTransport } from '@connectrpc/connect-web';
import { createFileRegistry, fromBinary, toJson } from '@bufbuild/protobuf';
import type { JsonObject } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { AccountsService } from '../../src/gen/web/accounts/v1/accounts_service_pb.js';
import { AuthService } from '../../src/gen/web/auth/v1/auth_service_pb.js';
import { SessionsService } from '../../src/gen/web/auth/v1/sessions_service_pb.js';
import { PASSWORD, newPerson } from '../support/people.ts';
import { readServedRegistry } from '../support/served-registry.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
let service: TestService;
let registry: ReturnType<typeof createFileRegistry>;
beforeAll(async () => {
  registry = await readServedRegistry();
  database = await createTestDatabase();
  service = await startService({
    DATABASE_URL: database.serviceUrl,
    REDIS_URL: inject('redisUrl'),
    GATEWAY_ADDRESS: '127.0.0.1:0',
    PUBLIC_CALLS_PER_MINUTE: '1000000',
  });
});
afterAll(async () => {
  await service?.stop();
  await database?.drop();
});

const TRANSPORTS: Readonly<Record<string, (options: { baseUrl: string; interceptors?: Interceptor[] }) => Transport>> =
  {
    'gRPC-web': (options) => createGrpcWebTransport({ ...options, useBinaryFormat: true }),
    'gRPC-web in JSON': (options) => createGrpcWebTransport({ ...options, useBinaryFormat: false }),
    Connect: (options) => createConnectTransport({ ...options, useBinaryFormat: true }),
    'Connect in JSON': (options) => createConnectTransport({ ...options, useBinaryFormat: false }),
    'Connect by GET': (options) => createConnectTransport({ ...options, useBinaryFormat: true, useHttpGet: true }),
    'Connect in JSON by GET': (options) => createConnectTransport({ ...options, useHttpGet: true }),
  };

/** The details of an error in words. */
function detailsOf(error: ConnectError): Record<string, JsonObject> {
  return Object.fromEntries(
    error.details.flatMap((detail) => {
      if ('desc' in detail) return [];
      const schema = registry.getMessage(detail.type);
      return schema ? [[detail.type, toJson(schema, fromBinary(schema, detail.value)) as JsonObject]] : [];
    }),
  );
}

const failureOf = (call: Promise<unknown>) =>
  call.then(
    () => Promise.reject(new Error('The call was not refused.')),
    (error: unknown) => ConnectError.from(error),
  );

describe.each(Object.entries(TRANSPORTS))('connect-web by %s', (_, transportTo) => {
  const withToken =
    (token: string): Interceptor =>
    (next) =>
    (request) => {
      request.header.set('authorization', `Bearer ${token}`);
      return next(request);
    };
  const transport = (interceptors: Interceptor[] = []) => transportTo({ baseUrl: service.gatewayUrl, interceptors });

  it('registers, logs in, lists sessions, refreshes and logs out', async () => {
    const auth = createClient(AuthService, transport());
    const { secondLogin, phone, password } = newPerson();
    await auth.register({
      secondLogin,
      phone,
      password,
      interface: 'customer',
      profile: { city: 'Улан-Удэ 🏔', n: 1.5 },
    });
    const { tokens } = await auth.login({ login: secondLogin, password: PASSWORD });
    const own = [withToken(tokens?.accessToken ?? '')];
    const { sessions } = await createClient(SessionsService, transport(own)).listSessions({});
    expect(sessions).toHaveLength(2);
    const { profile } = await createClient(AccountsService, transport(own)).getProfile({});
    expect(profile?.data).toEqual({ city: 'Улан-Удэ 🏔', n: 1.5 });

    const refreshed = await auth.refresh({ refreshToken: tokens?.refreshToken ?? '' });
    expect(refreshed.tokens?.accessToken).toMatch(/^ey/);
    const { endedSessions } = await createClient(AuthService, transport(own)).logout({});
    expect(endedSessions).toBe(1);
    const gone = await failureOf(createClient(SessionsService, transport(own)).listSessions({}));
    expect(detailsOf(gone)['google.rpc.ErrorInfo']).toMatchObject({ reason: 'TOKEN_REVOKED' });
  });

  it('reads why it is refused: code, text, ErrorInfo, BadRequest', async () => {
    const auth = createClient(AuthService, transport());
    const error = await failureOf(
      auth.register({ secondLogin: '', phone: 'x', password: PASSWORD, interface: 'customer' }),
    );
    expect(error.code).toBe(Code.InvalidArgument);
    expect(error.rawMessage).toBe('The request is not valid; see the field violations.');
    const details = detailsOf(error);
    expect(details['google.rpc.ErrorInfo']).toEqual({ reason: 'INVALID_REQUEST', domain: 'auth-service' });
    const { fieldViolations } = details['google.rpc.BadRequest'] as unknown as { fieldViolations: { field: string }[] };
    expect(fieldViolations.map(({ field }) => field).sort()).toEqual(['phone', 'second_login']);
  });

  it('reads when to come again: RetryInfo', async () => {
    const limited = await startService({
      DATABASE_URL: database.serviceUrl,
      GATEWAY_ADDRESS: '127.0.0.1:0',
      PUBLIC_CALLS_PER_MINUTE: '1',
    });
    const accounts = createClient(AccountsService, transportTo({ baseUrl: limited.gatewayUrl }));
    await accounts.listRoles({ interface: 'customer' });
    const error = await failureOf(accounts.listRoles({ interface: 'customer' }));
    expect(error.code).toBe(Code.ResourceExhausted);
    expect(detailsOf(error)).toMatchObject({
      'google.rpc.ErrorInfo': { reason: 'RATE_LIMITED' },
      'google.rpc.RetryInfo': { retryDelay: expect.stringMatching(/^\d+(\.\d+)?s$/) },
    });
    await limited.stop();
  });

  it('finds nothing of what is for services and administrators', async () => {
    const error = await failureOf(createClient(AuthService, transport()).validateToken({ accessToken: 'x' }));
    expect(error.code).toBe(Code.Unimplemented);
  });

  it('makes 50 calls at once', async () => {
    const accounts = createClient(AccountsService, transport());
    const answers = await Promise.all(Array.from({ length: 50 }, () => accounts.listRoles({ interface: 'customer' })));
    expect(new Set(answers.map(({ roles }) => roles.length)).size).toBe(1);
  });
});
