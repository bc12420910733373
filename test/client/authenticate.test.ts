import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { ServerUnaryCall, ServerWritableStream, sendUnaryData } from '@grpc/grpc-js';
import { Metadata, createChannel, createClientFactory, createServer } from 'nice-grpc';
import type { CallOptions } from 'nice-grpc';
import { errorDetailsClientMiddleware } from 'nice-grpc-error-details';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  VerificationUnavailableError,
  authenticate,
  authenticateExpress,
  authenticateFastify,
  authenticateHandler,
  authenticateHttp,
  createTokenVerifier,
} from '../../src/client/client.ts';
import type {
  FastifyHook,
  TokenVerifier,
  Verify,
  WithOptionalPrincipal,
  WithPrincipal,
} from '../../src/client/client.ts';
import { KeysServiceDefinition, GetJwksRequest, GetJwksResponse } from '../../src/gen/auth/v1/keys_service.ts';
import {
  RevocationsServiceDefinition,
  WatchRevocationsRequest,
  WatchRevocationsResponse,
} from '../../src/gen/auth/v1/revocations_service.ts';
import { bearer, register } from '../support/people.ts';
import { refusalOf } from '../support/refusal.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
let service: TestService;
let verifier: TokenVerifier;
let live: { readonly token: string; readonly userId: string };
let revoked: string;
beforeAll(async () => {
  database = await createTestDatabase();
  service = await startService({ DATABASE_URL: database.serviceUrl });
  verifier = createTokenVerifier({ address: service.address });
  const [person, gone] = await Promise.all([register(service), register(service)]);
  live = { token: person.tokens.accessToken, userId: person.userId };
  revoked = gone.tokens.accessToken;
  const { revision } = await service.auth.logout({}, bearer(revoked));
  await verifier.ready();
  await vi.waitFor(() => expect(verifier.revision()).toBeGreaterThanOrEqual(revision), 10_000);
});
afterAll(async () => {
  await verifier?.close();
  await service?.stop();
  await database?.drop();
});

/** Stands for a verifier whose server is out of reach and whose view is old. */
const unavailable: Verify = {
  verify() {
    throw new VerificationUnavailableError();
  },
};

/** What calls of each kind come to, whatever serves them. `who`: the user's id in what is answered. */
const REFUSED = [
  ['without a token', () => undefined, 'TOKEN_MISSING'],
  ['with a revoked one', () => `Bearer ${revoked}`, 'TOKEN_REVOKED'],
  ['with rubbish', () => 'Bearer rubbish', 'TOKEN_MALFORMED'],
  ['with another scheme', () => 'Basic dXNlcjpwYXNz', 'TOKEN_MALFORMED'],
] as const;

/** Clients of a server that stands for any: each answer names the user as the id of a key, or as nobody. */
function connect(port: number) {
  const channel = createChannel(`127.0.0.1:${port}`);
  const factory = createClientFactory().use(errorDetailsClientMiddleware);
  const keys = factory.create(KeysServiceDefinition, channel);
  const revocations = factory.create(RevocationsServiceDefinition, channel);
  return {
    unary: async (options?: CallOptions) => (await keys.getJwks({}, options)).keys[0]?.kid,
    async stream(options?: CallOptions) {
      for await (const { tokenProfile } of revocations.watchRevocations({}, options)) return tokenProfile?.issuer;
      return undefined;
    },
    close: () => channel.close(),
  };
}
const jwksOf = (userId: string) => GetJwksResponse.fromJSON({ keys: [{ kid: userId }], maxAge: undefined });
const newsOf = (userId: string) => WatchRevocationsResponse.fromJSON({ tokenProfile: { issuer: userId } });
const nobody = 'nobody';

async function serveNiceGrpc(by: Verify, optional: boolean) {
  const server = createServer().use(optional ? authenticate(by, { optional: true }) : authenticate(by));
  server.add(KeysServiceDefinition, {
    getJwks: async (_request, { principal }) => jwksOf(principal?.userId ?? nobody),
  });
  server.add(RevocationsServiceDefinition, {
    async *watchRevocations(_request, { principal }) {
      yield newsOf(principal?.userId ?? nobody);
    },
  });
  const port = await server.listen('127.0.0.1:0');
  return { port, stop: () => server.forceShutdown() };
}

type Unary = ServerUnaryCall<GetJwksRequest, GetJwksResponse>;
type Stream = ServerWritableStream<WatchRevocationsRequest, WatchRevocationsResponse>;

async function serveGrpcJs(by: Verify, optional: boolean) {
  const server = new Server();
  const bytes =
    <T>(codec: { encode: (message: T) => { finish: () => Uint8Array } }) =>
    (message: T) =>
      Buffer.from(codec.encode(message).finish());
  const unary = (call: Unary & WithOptionalPrincipal, callback: sendUnaryData<GetJwksResponse>) =>
    callback(null, jwksOf(call.principal?.userId ?? nobody));
  const stream = (call: Stream & WithPrincipal) => {
    call.write(newsOf(call.principal.userId));
    call.end();
  };
  server.addService(
    {
      getJwks: {
        path: '/auth.v1.KeysService/GetJwks',
        requestStream: false,
        responseStream: false,
        requestSerialize: bytes(GetJwksRequest),
        requestDeserialize: (buffer: Buffer) => GetJwksRequest.decode(buffer),
        responseSerialize: bytes(GetJwksResponse),
        responseDeserialize: (buffer: Buffer) => GetJwksResponse.decode(buffer),
      },
      watchRevocations: {
        path: '/auth.v1.RevocationsService/WatchRevocations',
        requestStream: false,
        responseStream: true,
        requestSerialize: bytes(WatchRevocationsRequest),
        requestDeserialize: (buffer: Buffer) => WatchRevocationsRequest.decode(buffer),
        responseSerialize: bytes(WatchRevocationsResponse),
        responseDeserialize: (buffer: Buffer) => WatchRevocationsResponse.decode(buffer),
      },
    },
    {
      getJwks: optional ? authenticateHandler(by, unary, { optional: true }) : authenticateHandler(by, unary),
      watchRevocations: authenticateHandler(by, stream),
    },
  );
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return { port, stop: () => server.forceShutdown() };
}

const SERVERS = [
  ['nice-grpc', serveNiceGrpc],
  ['@grpc/grpc-js', serveGrpcJs],
] as const;

describe.each(SERVERS)('A server of %s that authenticates', (_name, serve) => {
  it('hands on whom the token speaks for, in calls and in streams', async () => {
    const { port, stop } = await serve(verifier, false);
    const { unary, stream, close } = connect(port);
    expect(await unary(bearer(live.token))).toBe(live.userId);
    expect(await stream(bearer(live.token))).toBe(live.userId);
    close();
    stop();
  });

  it('refuses all others with the reason, and is not reached by them', async () => {
    const { port, stop } = await serve(verifier, false);
    const { unary, stream, close } = connect(port);
    for (const [, header, reason] of REFUSED) {
      const authorization = header();
      const options = { metadata: Metadata({ authorization: authorization ?? [] }) };
      const expected = { status: 'UNAUTHENTICATED', reason, domain: 'auth-service' };
      expect(await refusalOf(unary(options))).toMatchObject(expected);
      expect(await refusalOf(stream(options))).toMatchObject(expected);
    }
    close();
    stop();
  });

  it('says UNAVAILABLE of what cannot be decided', async () => {
    const { port, stop } = await serve(unavailable, true);
    const { unary, stream, close } = connect(port);
    const expected = { status: 'UNAVAILABLE', reason: 'DEPENDENCY_UNAVAILABLE' };
    expect(await refusalOf(unary(bearer(live.token)))).toMatchObject(expected);
    expect(await refusalOf(stream(bearer(live.token)))).toMatchObject(expected);
    close();
    stop();
  });

  it('lets through who shows no token where that is allowed, and nobody whose token is not live', async () => {
    const { port, stop } = await serve(verifier, true);
    const { unary, close } = connect(port);
    expect(await unary()).toBe(nobody);
    expect(await unary(bearer(live.token))).toBe(live.userId);
    expect(await refusalOf(unary(bearer(revoked)))).toMatchObject({ reason: 'TOKEN_REVOKED' });
    close();
    stop();
  });
});

type Handle = (request: IncomingMessage, response: ServerResponse) => unknown;

/** A server of node:http, asked as a browser would. */
async function serveHttp(handle: Handle) {
  const server = createHttpServer((request, response) => void handle(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    async get(authorization?: string) {
      const headers = authorization === undefined ? {} : { authorization };
      const response = await fetch(`http://127.0.0.1:${port}/`, { headers });
      const text = await response.text();
      return {
        status: response.status,
        challenge: response.headers.get('www-authenticate'),
        retryAfter: response.headers.get('retry-after'),
        body: text.startsWith('{') ? JSON.parse(text) : text,
      };
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Calls a hook as Fastify does, and the route after it unless the hook has sent an answer. */
function likeFastify(hook: FastifyHook): Handle {
  return async (request, response) => {
    let isSent = false;
    const reply: Parameters<FastifyHook>[1] = {
      code(status) {
        response.statusCode = status;
        return reply;
      },
      headers(headers) {
        response.setHeaders(new Map(Object.entries(headers)));
        return reply;
      },
      send(body) {
        isSent = true;
        response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
        return reply;
      },
    };
    await hook(request, reply);
    if (!isSent) answerWithPrincipal(request, response);
  };
}

function answerWithPrincipal(request: IncomingMessage, response: ServerResponse) {
  response.end((request as IncomingMessage & WithOptionalPrincipal).principal?.userId ?? nobody);
}

const HTTP_SERVERS: readonly [string, (by: Verify, optional: boolean) => Handle][] = [
  [
    'node:http',
    (by, optional) => {
      const identify = optional ? authenticateHttp(by, { optional }) : authenticateHttp(by);
      return async (request, response) => {
        const identity = await identify(request, response);
        if (identity) response.end(identity.principal?.userId ?? nobody);
      };
    },
  ],
  [
    'Express',
    (by, optional) => {
      const handler = authenticateExpress(by, { optional });
      return (request, response) => handler(request, response, () => answerWithPrincipal(request, response));
    },
  ],
  ['Fastify', (by, optional) => likeFastify(authenticateFastify(by, { optional }))],
];

describe.each(HTTP_SERVERS)('A handler of %s that authenticates', (_name, handlerOf) => {
  it('knows whom the token speaks for', async () => {
    const { get, stop } = await serveHttp(handlerOf(verifier, false));
    expect(await get(`Bearer ${live.token}`)).toMatchObject({ status: 200, body: live.userId });
    await stop();
  });

  it('answers 401 as RFC 6750 says', async () => {
    const { get, stop } = await serveHttp(handlerOf(verifier, false));
    for (const [, header, reason] of REFUSED) {
      const { status, challenge, body } = await get(header());
      expect({ status, reason: body.reason }).toEqual({ status: 401, reason });
      expect(challenge).toMatch(
        reason === 'TOKEN_MISSING' ? /^Bearer$/ : /^Bearer error="invalid_token", error_description="[^"]+"$/,
      );
    }
    await stop();
  });

  it('answers 503 and when to come back to what cannot be decided', async () => {
    const { get, stop } = await serveHttp(handlerOf(unavailable, false));
    const { status, retryAfter, challenge, body } = await get(`Bearer ${live.token}`);
    expect({ status, retryAfter, challenge }).toEqual({ status: 503, retryAfter: '1', challenge: null });
    expect(body.reason).toBe('DEPENDENCY_UNAVAILABLE');
    await stop();
  });

  it('lets through who shows no token where that is allowed, and nobody whose token is not live', async () => {
    const { get, stop } = await serveHttp(handlerOf(verifier, true));
    expect(await get()).toMatchObject({ status: 200, body: nobody });
    expect(await get(`Bearer ${revoked}`)).toMatchObject({ status: 401, body: { reason: 'TOKEN_REVOKED' } });
    await stop();
  });
});
