import { EventEmitter, once, on } from 'node:events';
import { create } from '@bufbuild/protobuf';
import type { Message } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import type { Transport } from '@connectrpc/connect';
import { createConnectTransport, createGrpcWebTransport } from '@connectrpc/connect-web';
import type { ServiceImplementation } from 'nice-grpc';
import { HealthDefinition } from 'nice-grpc-server-health';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { AppError } from '../../src/errors/app-error.ts';
import type { WithHttpHeaders } from '../../src/gateway/call-context.ts';
import { createConnectHandlers } from '../../src/gateway/connect-handlers.ts';
import { createHttpServer } from '../../src/gateway/http-server.ts';
import { createPlainCalls } from '../../src/gateway/plain-calls.ts';
import { createRpcHandler } from '../../src/gateway/rpc-handler.ts';
import { createToConnectError } from '../../src/gateway/to-connect-error.ts';
import type { ChainDeps } from '../../src/grpc/chain.ts';
import { createChain } from '../../src/grpc/chain.ts';
import { createInProcessServer } from '../../src/grpc/in-process-server.ts';
import { createStreamEnder } from '../../src/grpc/middleware/end-streams.ts';
import { createPlaces } from '../../src/grpc/places.ts';
import { ErrorInfoSchema, RetryInfoSchema } from '../../src/gen/web/google/rpc/error_details_pb.js';
import { frame } from '../support/grpc-web-frames.ts';
import { readServedRegistry } from '../support/served-registry.ts';

// No method that browsers may call has a stream today. The bridge carries them, and is tried with one that is not ours.
const registry = await readServedRegistry();
const health = registry.getService('grpc.health.v1.Health')!;
const [checkMethod, watchMethod] = [health.method['check']!, health.method['watch']!];

/** What ts-proto generates for us, and not for the library, whose messages need no completion. */
const asGenerated = <Method extends { readonly responseType: object }>(method: Method) => ({
  ...method,
  responseType: { ...method.responseType, fromPartial: (message: object) => message },
});
const definition = {
  ...HealthDefinition,
  methods: { check: asGenerated(HealthDefinition.methods.check), watch: asGenerated(HealthDefinition.methods.watch) },
};

type Status = ReturnType<typeof HealthDefinition.methods.check.responseType.decode>['status'];

const MOST_STREAMS = 10;
/** What watchers are told, each under the name that it asks for; `begun` when one has come. */
const news = new EventEmitter().setMaxListeners(0);
/** How many handlers are at work. */
const atWork = { checks: 0, watches: 0 };

const implementation: ServiceImplementation<typeof HealthDefinition> = {
  /** Answers when it is told to, whether anybody still waits for it or not. */
  async check({ service }) {
    atWork.checks += 1;
    const [status] = (await once(news, service)) as [Status];
    atWork.checks -= 1;
    return { status };
  },
  async *watch({ service }, { signal }) {
    atWork.watches += 1;
    try {
      const told = on(news, service, { signal });
      news.emit('begun', service);
      for await (const [status] of told as AsyncIterable<[Status | 'fail' | 'end']>) {
        if (status === 'fail') throw new AppError('RATE_LIMITED', { retryAfter: 7000 });
        if (status === 'end') return;
        yield { status };
      }
    } finally {
      atWork.watches -= 1;
    }
  },
};

const problems: unknown[] = [];
const { listen, stop } = openGateway();
let baseUrl: string;
beforeAll(async () => {
  baseUrl = `http://127.0.0.1:${await listen('127.0.0.1', 0)}`;
});
afterAll(() => stop(0));
afterEach(async () => {
  await vi.waitFor(() => expect(atWork).toEqual({ checks: 0, watches: 0 }), 10_000);
  expect(problems).toEqual([]);
});

/** The gateway's own parts, in its own order, around the health service. */
function openGateway() {
  const server = createInProcessServer<WithHttpHeaders>();
  const deps = {
    logger: pino({ level: 'silent' }),
    clock: systemClock,
    places: createPlaces({ maxInFlight: 2 * MOST_STREAMS }),
  };
  // Of the rest of it only what is guarded has need.
  createChain(server, createStreamEnder(), deps as unknown as ChainDeps).open.add(definition, implementation);
  const toConnectError = createToConnectError(registry);
  return createHttpServer(
    createRpcHandler({
      ...createConnectHandlers({ registry, find: server.find, toConnectError }),
      plainCalls: createPlainCalls({ find: server.find, toConnectError }),
      addressOf: () => '127.0.0.1',
      onRefused: (_request, reason) => problems.push(reason),
      onProblem: (error) => problems.push(error),
    }),
  );
}

const CLIENTS: Readonly<Record<string, () => Transport>> = {
  'gRPC-web': () => createGrpcWebTransport({ baseUrl }),
  Connect: () => createConnectTransport({ baseUrl, useBinaryFormat: true }),
  JSON: () => createConnectTransport({ baseUrl, useBinaryFormat: false }),
};

const request = (service: string) => create(checkMethod.input, { service } as never);
async function* only<T>(item: T) {
  yield item;
}

/** Begins to watch. Resolves when the handler is at work: the header of an answer comes with its first message. */
async function watch(transport: Transport, service: string) {
  const abort = new AbortController();
  const begun = once(news, 'begun');
  const answer = transport.stream(watchMethod as never, abort.signal, undefined, {}, only(request(service)) as never);
  // A watcher that is refused never begins.
  await Promise.race([begun, answer]);
  let messages: AsyncIterator<Message> | undefined;
  return {
    cancel: () => abort.abort(),
    async next() {
      messages ??= ((await answer).message as AsyncIterable<Message>)[Symbol.asyncIterator]();
      const result = await messages.next();
      return result.done ? 'end' : (result.value as Message & { status: number }).status;
    },
  };
}

const errorOf = async (failing: Promise<unknown>) =>
  await failing.then(
    (answer) => Promise.reject(new Error(`It answered ${JSON.stringify(answer)}.`)),
    (error: unknown) => ConnectError.from(error),
  );

describe.each(Object.entries(CLIENTS))('A stream by %s', (name, connect) => {
  it('brings each message when it is sent, and ends', async () => {
    const watching = await watch(connect(), name);
    for (let sent = 0; sent < 50; sent += 1) {
      // Only when the last one has come: nothing is held back until there are more.
      const status = (sent % 3) + 1;
      news.emit(name, status);
      expect(await watching.next()).toBe(status);
    }
    news.emit(name, 'end');
    expect(await watching.next()).toBe('end');
  });

  it('that is given up ends its handler', async () => {
    const watching = await watch(connect(), name);
    news.emit(name, 1);
    expect(await watching.next()).toBe(1);
    expect(atWork.watches).toBe(1);
    const next = errorOf(watching.next());
    watching.cancel();
    expect((await next).code).toBe(Code.Canceled);
  });

  it('that is given up before its first message ends its handler, too', async () => {
    const watching = await watch(connect(), name);
    expect(atWork.watches).toBe(1);
    const next = errorOf(watching.next());
    watching.cancel();
    expect((await next).code).toBe(Code.Canceled);
  });

  it('that fails in the middle brings what was sent before, and the error with its details', async () => {
    const watching = await watch(connect(), name);
    news.emit(name, 2);
    expect(await watching.next()).toBe(2);
    news.emit(name, 'fail');
    const error = await errorOf(watching.next());
    expect(error.code).toBe(Code.ResourceExhausted);
    expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: 'RATE_LIMITED' }]);
    expect(error.findDetails(RetryInfoSchema)).toMatchObject([{ retryDelay: { seconds: 7n } }]);
  });

  it(`has one of ${MOST_STREAMS} places, and leaves it`, async () => {
    for (let round = 0; round < 3; round += 1) {
      const watching = [];
      for (let n = 0; n < MOST_STREAMS; n += 1) watching.push(await watch(connect(), `${name} ${n}`));
      expect(atWork.watches).toBe(MOST_STREAMS);
      const error = await errorOf(watch(connect(), name).then((refused) => refused.next()));
      expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: 'OVERLOADED' }]);
      // Each hears its own news.
      for (let n = 0; n < MOST_STREAMS; n += 1) news.emit(`${name} ${n}`, (n % 3) + 1);
      expect(await Promise.all(watching.map(({ next }) => next()))).toEqual(watching.map((_, n) => (n % 3) + 1));
      for (const { cancel } of watching) cancel();
      await vi.waitFor(() => expect(atWork.watches).toBe(0), 10_000);
    }
  });
});

describe('The deadline of a call', () => {
  const post = (method: string, headers: Record<string, string>, body: string | Buffer<ArrayBuffer>) =>
    fetch(`${baseUrl}/grpc.health.v1.Health/${method}`, { method: 'POST', headers, body });
  const messageOf = (service: string) =>
    frame(Buffer.from([0x0a, service.length, ...Buffer.from(service)])) as Buffer<ArrayBuffer>;

  it('is answered while its handler goes on', async () => {
    const json = { 'content-type': 'application/json', 'connect-timeout-ms': '100' };
    const answer = await post('Check', json, '{"service":"slow"}');
    expect(await answer.json()).toMatchObject({ code: 'deadline_exceeded' });
    const web = await post(
      'Check',
      { 'content-type': 'application/grpc-web', 'grpc-timeout': '100m' },
      messageOf('slow'),
    );
    expect((await web.text()) + (web.headers.get('grpc-status') ?? '')).toMatch(/grpc-status: ?4|^4$/);
    // Nobody has told them to answer.
    expect(atWork.checks).toBe(2);
    news.emit('slow', 1);
  });

  it.each([
    ['application/grpc-web', { 'grpc-timeout': '100m' }, /grpc-status: ?4\b/],
    ['application/grpc-web-text', { 'grpc-timeout': '100m' }, /grpc-status: ?4\b/],
    ['application/connect+proto', { 'connect-timeout-ms': '100' }, /"deadline_exceeded"/],
  ])('ends a stream by %s, and its handler', async (type, timeout: Record<string, string>, ending) => {
    const message = messageOf('quiet');
    const isText = type.endsWith('text');
    const answer = await post(
      'Watch',
      { 'content-type': type, ...timeout },
      isText ? message.toString('base64') : message,
    );
    const body = await answer.text();
    const seen = isText ? body.replace(/[^=]+=*/g, (part) => Buffer.from(part, 'base64').toString('latin1')) : body;
    expect(seen + JSON.stringify([...answer.headers].map(([key, value]) => `${key}: ${value}`))).toMatch(ending);
  });
});
