import { EventEmitter, once, on } from 'node:events';
import { create } from '@bufbuild/protobuf';
import type { Message } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import type { Transport } from '@connectrpc/connect';
import { createConnectTransport, createGrpcWebTransport } from '@connectrpc/connect-web';
import type { ServiceImplementation } from 'nice-grpc';
import type { HealthDefinition } from 'nice-grpc-server-health';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../../src/errors/app-error.ts';
import { ErrorInfoSchema, RetryInfoSchema } from '../../src/gen/web/google/rpc/error_details_pb.js';
import { frame } from '../support/grpc-web-frames.ts';
import type { HealthStatus } from '../support/health-gateway.ts';
import { openHealthGateway } from '../support/health-gateway.ts';
import { readServedRegistry } from '../support/served-registry.ts';

// No method that browsers may call has a stream today. The bridge carries them, and is tried with one that is not ours.
const registry = await readServedRegistry();
const health = registry.getService('grpc.health.v1.Health')!;
const [checkMethod, watchMethod] = [health.method['check']!, health.method['watch']!];

const MOST_STREAMS = 10;
/** The handler of such a name does not look at its signal. */
const STUBBORN = 'stubborn';
/** What watchers are told, each under the name that it asks for; `begun` when one has come. */
const news = new EventEmitter().setMaxListeners(0);
/** How many handlers are at work. */
const atWork = { checks: 0, watches: 0 };

const implementation: ServiceImplementation<typeof HealthDefinition> = {
  /** Answers when it is told to, whether anybody still waits for it or not. */
  async check({ service }) {
    atWork.checks += 1;
    const [status] = (await once(news, service)) as [HealthStatus | 'fail'];
    atWork.checks -= 1;
    if (status === 'fail') throw new AppError('RATE_LIMITED', { retryAfter: 1001 });
    return { status };
  },
  async *watch({ service }, { signal }) {
    atWork.watches += 1;
    try {
      const told = on(news, service, service.startsWith(STUBBORN) ? {} : { signal });
      news.emit('begun', service);
      for await (const [status] of told as AsyncIterable<[HealthStatus | 'fail' | 'end']>) {
        if (status === 'fail') throw new AppError('RATE_LIMITED', { retryAfter: 7000 });
        if (status === 'end') return;
        yield { status };
      }
    } finally {
      atWork.watches -= 1;
    }
  },
};

const { baseUrl, problems, stop } = await openHealthGateway(implementation, { maxInFlight: 2 * MOST_STREAMS });
afterAll(stop);
afterEach(async () => {
  await vi.waitFor(() => expect(atWork).toEqual({ checks: 0, watches: 0 }), 10_000);
  expect(problems).toEqual([]);
});

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

  it('that is given up ends a handler that does not look at its signal, as soon as it says something', async () => {
    const told = `${STUBBORN} ${name}`;
    const watching = await watch(connect(), told);
    news.emit(told, 1);
    expect(await watching.next()).toBe(1);
    const next = errorOf(watching.next());
    watching.cancel();
    expect((await next).code).toBe(Code.Canceled);
    // Until the gateway has noticed it, its words only go nowhere.
    await vi.waitFor(() => {
      news.emit(told, 2);
      expect(atWork.watches).toBe(0);
    }, 10_000);
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

describe('The time after which to come again', () => {
  it('is never too early in the header, which has whole seconds', async () => {
    const answer = fetch(`${baseUrl}/grpc.health.v1.Health/Check`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"service":"limited"}',
    });
    await vi.waitFor(() => expect(atWork.checks).toBe(1), 10_000);
    news.emit('limited', 'fail');
    expect((await answer).status).toBe(429);
    expect((await answer).headers.get('retry-after')).toBe('2');
  });
});
