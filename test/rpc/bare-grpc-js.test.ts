import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { FileRegistry, JsonObject } from '@bufbuild/protobuf';
import { Metadata, compressionAlgorithms, status } from '@grpc/grpc-js';
import type { CallOptions, ChannelOptions, ServiceError } from '@grpc/grpc-js';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createBareClient, detailsOf } from '../support/bare-grpc.ts';
import { PASSWORD, newPerson, register } from '../support/people.ts';
import { readServedRegistry } from '../support/served-registry.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

type Reply = { readonly error: ServiceError | null; readonly response: JsonObject; readonly trailer: Metadata };

describe('grpc-js alone, with none of our code', () => {
  let database: TestDatabase;
  let service: TestService;
  let registry: FileRegistry;
  const open: { close: () => void }[] = [];

  beforeAll(async () => {
    registry = await readServedRegistry();
    database = await createTestDatabase();
    service = await startService({
      DATABASE_URL: database.serviceUrl,
      REDIS_URL: inject('redisUrl'),
      PUBLIC_CALLS_PER_MINUTE: '1000000',
    });
  });
  afterAll(async () => {
    for (const client of open) client.close();
    await service?.stop();
    await database?.drop();
  });

  function bare(name: string, options: ChannelOptions = {}, address = service.address) {
    const { client, definitions } = createBareClient(address, registry, name, options);
    open.push(client);
    const definition = (method: string) => {
      const found = definitions[method];
      if (!found) throw new Error(`There is no method ${method}.`);
      return found;
    };
    return {
      unary(method: string, request: JsonObject, metadata = new Metadata(), call: CallOptions = {}) {
        const { path, requestSerialize, responseDeserialize } = definition(method);
        const trailer = Promise.withResolvers<Metadata>();
        const reply = Promise.withResolvers<Omit<Reply, 'trailer'>>();
        const sent = client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          request,
          metadata,
          call,
          (error, response) => reply.resolve({ error, response: response ?? {} }),
        );
        sent.on('status', ({ metadata: received }) => trailer.resolve(received));
        const answer = (async (): Promise<Reply> => ({ ...(await reply.promise), trailer: await trailer.promise }))();
        return { answer, cancel: () => sent.cancel() };
      },
      duplex(method: string) {
        const { path, requestSerialize, responseDeserialize } = definition(method);
        return client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
      },
      serverStream(method: string, request: JsonObject) {
        const { path, requestSerialize, responseDeserialize } = definition(method);
        return client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request);
      },
    };
  }
  const AUTH = 'auth.v1.AuthService';
  const registration = () => {
    const { secondLogin, phone, password, interface: on } = newPerson();
    return { secondLogin, phone, password, interface: on };
  };

  it('calls, and reads what is answered', async () => {
    const { error, response } = await bare(AUTH).unary('Register', registration()).answer;
    expect(error).toBeNull();
    expect(response).toMatchObject({
      userId: expect.any(String),
      tokens: { accessToken: expect.stringMatching(/^ey/) },
    });
  });

  it('reads why it is refused: ErrorInfo and BadRequest', async () => {
    const { error } = await bare(AUTH).unary('Register', { ...registration(), secondLogin: '', phone: 'x' }).answer;
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT });
    const details = detailsOf(error as ServiceError, registry);
    expect(details['google.rpc.ErrorInfo']).toMatchObject({ reason: 'INVALID_REQUEST', domain: 'auth-service' });
    const { fieldViolations } = details['google.rpc.BadRequest'] as { fieldViolations: { field: string }[] };
    expect(fieldViolations.map(({ field }) => field).sort()).toEqual(['phone', 'second_login']);
  });

  it('reads when to come again: RetryInfo', async () => {
    const limited = await startService({ DATABASE_URL: database.serviceUrl, PUBLIC_CALLS_PER_MINUTE: '1' });
    const client = bare('auth.v1.KeysService', {}, limited.address);
    const from = new Metadata();
    from.set('x-forwarded-for', '203.0.113.1');
    await client.unary('GetJwks', {}, from).answer;
    const { error } = await client.unary('GetJwks', {}, from).answer;
    expect(error?.code).toBe(status.RESOURCE_EXHAUSTED);
    const details = detailsOf(error as ServiceError, registry);
    expect(details['google.rpc.ErrorInfo']).toMatchObject({ reason: 'RATE_LIMITED' });
    expect(details['google.rpc.RetryInfo']).toMatchObject({ retryDelay: expect.stringMatching(/^\d+(\.\d+)?s$/) });
    await limited.stop();
  });

  it('names its call in the log', async () => {
    const metadata = new Metadata();
    metadata.set('x-request-id', 'call-of-a-stranger');
    await bare(AUTH).unary('Login', { login: 'nobody', password: PASSWORD }, metadata).answer;
    expect(service.logLines.filter(({ requestId }) => requestId === 'call-of-a-stranger')).toHaveLength(1);
  });

  it('validates in a stream, one answer for each token, in their order', async () => {
    const { tokens, userId } = await register(service);
    const stream = bare(AUTH).duplex('StreamValidateTokens');
    const answers: JsonObject[] = [];
    stream.on('data', (answer: JsonObject) => answers.push(answer));
    for (let count = 0; count < 100; count += 1) stream.write({ accessToken: count % 2 ? 'none' : tokens.accessToken });
    stream.end();
    await once(stream, 'end');
    expect(answers).toHaveLength(100);
    for (const [index, answer] of answers.entries()) {
      expect(answer).toMatchObject(index % 2 ? { problem: expect.anything() } : { principal: { userId } });
    }
  });

  it('watches revocations, and ends the stream when it has seen enough', async () => {
    const { tokens } = await register(service);
    const stream = bare('auth.v1.RevocationsService').serverStream('WatchRevocations', {});
    const seen: string[] = [];
    stream.on('data', (answer: JsonObject) => seen.push(JSON.stringify(answer)));
    const ended = new Promise((resolve) => stream.on('error', ({ code }: ServiceError) => resolve(code)));
    await expect.poll(() => seen.length, { timeout: 10_000 }).toBeGreaterThan(0);
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${tokens.accessToken}`);
    const { error } = await bare(AUTH).unary('Logout', { scope: 'LOGOUT_SCOPE_THIS_SESSION' }, metadata).answer;
    expect(error).toBeNull();
    await expect.poll(() => seen.filter((text) => text.includes('sessionId')).length, { timeout: 10_000 }).toBe(1);
    stream.cancel();
    expect(await ended).toBe(status.CANCELLED);
  });

  it('is answered by its deadline, and when it cancels', async () => {
    const { tokens } = await register(service);
    const holder = new pg.Client({ connectionString: database.ownerUrl });
    await holder.connect();
    await holder.query('begin; lock table auth.sessions in access exclusive mode');
    try {
      const refresh = (call: CallOptions) =>
        bare(AUTH).unary('Refresh', { refreshToken: tokens.refreshToken }, new Metadata(), call);
      const late = await refresh({ deadline: Date.now() + 200 }).answer;
      expect(late.error?.code).toBe(status.DEADLINE_EXCEEDED);
      const { answer, cancel } = refresh({});
      await expect
        .poll(async () => (await database.query(`select 1 from pg_locks where not granted`)).length, {
          timeout: 10_000,
        })
        .toBe(2);
      cancel();
      expect((await answer).error?.code).toBe(status.CANCELLED);
    } finally {
      await holder.end();
    }
    const lines = () => service.logLines.filter(({ method }) => method === `/${AUTH}/Refresh`);
    await expect.poll(() => lines().length, { timeout: 10_000 }).toBe(2);
  });

  it('is refused messages above 1 MiB, also if they are small when packed', async () => {
    const large = { login: 'a'.repeat(1024 * 1024 + 1), password: 'b' };
    const gzip: ChannelOptions = { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip };
    for (const options of [{}, gzip]) {
      const { error } = await bare(AUTH, options).unary('Login', large).answer;
      expect(error?.code).toBe(status.RESOURCE_EXHAUSTED);
    }
    // 64 MiB, of which no more is unpacked than it takes to see that.
    const bomb = { login: 'a'.repeat(64 * 1024 * 1024), password: 'b' };
    const { error } = await bare(AUTH, { ...gzip, 'grpc.max_send_message_length': -1 }).unary('Login', bomb).answer;
    expect(error?.code).toBe(status.RESOURCE_EXHAUSTED);
    // Packed requests are read as others are.
    const packed = await bare(AUTH, gzip).unary('Register', registration()).answer;
    expect(packed.error).toBeNull();
  });

  it('makes a hundred calls one after another by one connection', async () => {
    let connections = 0;
    const proxy = createServer((near) => {
      connections += 1;
      const far = connect(service.port, '127.0.0.1');
      near.pipe(far).pipe(near);
      for (const socket of [near, far]) socket.on('error', () => undefined);
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const address = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const client = bare(
      'auth.v1.KeysService',
      { 'grpc.keepalive_time_ms': 100, 'grpc.keepalive_permit_without_calls': 1 },
      address,
    );
    for (let count = 0; count < 100; count += 1) expect((await client.unary('GetJwks', {}).answer).error).toBeNull();
    expect(connections).toBe(1);
    for (const mine of open.splice(-1)) mine.close();
    proxy.close();
  });
});
