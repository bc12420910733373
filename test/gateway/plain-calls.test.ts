import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { Metadata, ServerError, Status } from 'nice-grpc-common';
import type { CallContext } from 'nice-grpc-common';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../../src/errors/app-error.ts';
import { frame } from '../support/grpc-web-frames.ts';
import { SERVING, openHealthGateway } from '../support/health-gateway.ts';

/** What the handler does, by the name that it is asked for. */
const HANDLERS: Readonly<Record<string, (context: CallContext) => unknown>> = {
  'an answer': () => undefined,
  'metadata, before and behind': ({ header, trailer }) => {
    header.set('x-text', ['one', 'two, three']);
    header.set('x-data-bin', Uint8Array.of(0, 1, 254, 255));
    trailer.set('x-text', 'behind it');
    trailer.set('x-data-bin', [Uint8Array.of(1), Uint8Array.of(2, 3)]);
  },
  cookies: (context) => {
    const { responseHeader } = context as unknown as { responseHeader: Headers };
    responseHeader.append('set-cookie', 'a=1; Path=/');
    responseHeader.append('set-cookie', 'b=2; Path=/');
  },
  'a refusal': () => Promise.reject(new AppError('CREDENTIALS_INVALID')),
  'a refusal with facts': () =>
    Promise.reject(new AppError('MALFORMED_MESSAGE', { metadata: { a: 'é\u{1f3d4}', b: '' } })),
  'a refusal with 1000 fields': () => {
    const violations = Array.from({ length: 1000 }, (_, at) => ({ field: `f${at}`, description: '\u00e9 %,;' }));
    throw new AppError('INVALID_REQUEST', { violations });
  },
  'a refusal that says when to come again': () => Promise.reject(new AppError('RATE_LIMITED', { retryAfter: 1500 })),
  'a refusal with metadata': ({ header, trailer }) => {
    header.set('x-text', 'before');
    trailer.set('x-data-bin', Uint8Array.of(7));
    throw new AppError('SESSION_ENDED');
  },
  'a defect': () => Promise.reject(new TypeError('told to nobody')),
  'the status of a library': () => Promise.reject(new ServerError(Status.NOT_FOUND, 'not served: é%\u{1f3d4}')),
};

let plain = 0;
let seen: [string, (string | Uint8Array)[]][] = [];
const leaving = { aborted: 0, atWork: 0 };
const gateway = await openHealthGateway(
  {
    async check({ service }, context) {
      seen = [...context.metadata].map(([key, values]) => [key, [...values]]);
      if (service === 'long') {
        leaving.atWork += 1;
        await once(context.signal, 'abort').finally(() => (leaving.atWork -= 1));
        leaving.aborted += 1;
        context.signal.throwIfAborted();
      }
      await HANDLERS[service]?.(context);
      return { status: SERVING };
    },
    async *watch() {
      yield { status: SERVING };
    },
  },
  { maxInFlight: 150, onPlain: () => (plain += 1) },
);
afterAll(gateway.stop);
beforeEach(() => {
  plain = 0;
  gateway.problems.length = 0;
});

/** With it Connect answers, and answers the same. */
const BY_CONNECT = { 'grpc-accept-encoding': 'identity' };
const messageOf = (service: string) =>
  frame(Buffer.from([0x0a, service.length, ...Buffer.from(service)])) as Buffer<ArrayBuffer>;

async function call(service: string, headers: Record<string, string | string[]> = {}, body = messageOf(service)) {
  const sent = httpRequest(`${gateway.baseUrl}/grpc.health.v1.Health/Check`, {
    method: 'POST',
    headers: {
      ...{ 'content-type': 'application/grpc-web', 'content-length': body.length, 'x-request-id': 'one-of-a-test' },
      ...headers,
    },
  }).end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece as Buffer);
  const { date: _, ...answered } = response.headers;
  return { status: response.statusCode, headers: answered, body: Buffer.concat(pieces).toString('latin1') };
}

describe('A plain call is answered as Connect would, byte for byte', () => {
  it.each(Object.keys(HANDLERS))('%s', async (service) => {
    const answer = await call(service);
    expect(plain).toBe(1);
    expect(answer).toEqual(await call(service, BY_CONNECT));
    expect(plain).toBe(1);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatch(/grpc-status: ?\d+\r\n/);
    expect(gateway.problems).toEqual([]);
  });

  it('and its handler is told the same', async () => {
    const headers = {
      ...{ cookie: 'secret=1', authorization: 'Bearer a', 'x-twice': ['one', 'two'], 'x-latin': 'caf\u00e9' },
      ...{ 'x-data-bin': 'AAH+/w, AQ==', te: 'trailers', 'x!odd': 'a' },
    };
    await call('an answer', headers);
    const told = Object.fromEntries(seen);
    expect(plain).toBe(1);
    await call('an answer', { ...headers, ...BY_CONNECT });
    const { 'grpc-accept-encoding': _, ...toldByConnect } = Object.fromEntries(seen);
    expect(told).toEqual(toldByConnect);
    expect(told).toMatchObject({
      ...{ authorization: ['Bearer a'], 'x-twice': ['one, two'] },
      'x-data-bin': [Uint8Array.of(0, 1, 254, 255), Uint8Array.of(1)],
    });
    // What is of HTTP alone, no ASCII, or a secret of which the call knows nothing.
    for (const key of ['cookie', 'host', 'te', 'connection', 'content-length', 'x-latin', 'x!odd']) {
      expect(told).not.toHaveProperty(key);
    }
    expect(Metadata(told as never).get('x-request-id')).toBe('one-of-a-test');
  });

  it.each([
    ['two messages', Buffer.concat([messageOf('a'), messageOf('a')])],
    ['a trailer', frame(messageOf('a'), 0x80)],
    ['a compressed one', frame(messageOf('a'), 1)],
    ['half a one', messageOf('an answer').subarray(0, -1)],
    ['a head alone', Buffer.alloc(4)],
    ['nothing', Buffer.alloc(0)],
  ])('but for %s, which is left to it', async (_, body) => {
    const answer = await call('', {}, body as Buffer<ArrayBuffer>);
    expect(plain).toBe(0);
    expect(answer).toEqual(await call('', BY_CONNECT, body as Buffer<ArrayBuffer>));
    expect(answer.body).toContain('grpc-status: 3');
  });
});

describe('A plain call that is given up', () => {
  it('ends its handler and leaves its place, 1000 times of 100 at once', async () => {
    for (let round = 1; round <= 10; round += 1) {
      const calls = Array.from({ length: 100 }, () => {
        const leave = new AbortController();
        const answer = fetch(`${gateway.baseUrl}/grpc.health.v1.Health/Check`, {
          method: 'POST',
          headers: { 'content-type': 'application/grpc-web' },
          body: messageOf('long'),
          signal: leave.signal,
        });
        return { leave, answer: answer.catch((error: Error) => error.name) };
      });
      await vi.waitFor(() => expect(leaving.atWork).toBe(100), 20_000);
      for (const { leave } of calls) leave.abort();
      await vi.waitFor(() => expect(leaving).toEqual({ atWork: 0, aborted: round * 100 }), 20_000);
      expect(new Set(await Promise.all(calls.map(({ answer }) => answer)))).toEqual(new Set(['AbortError']));
    }
    expect(plain).toBe(1000);
    expect(gateway.problems).toEqual([]);
  });
});
