import { Server, ServerCredentials } from '@grpc/grpc-js';
import type {
  ServerDuplexStream,
  ServerUnaryCall,
  ServiceError,
  UntypedHandleCall,
  sendUnaryData,
} from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { createAnswerDirectly } from '../../../src/grpc/answer-directly.ts';
import type { AnswerDirectly } from '../../../src/grpc/answer-directly.ts';
import { createAnswerStreamDirectly } from '../../../src/grpc/answer-stream-directly.ts';
import { throwFailure } from '../../../src/grpc/failed-request.ts';
import { createStreamEnder } from '../../../src/grpc/middleware/end-streams.ts';
import { createPlaces } from '../../../src/grpc/places.ts';
import type { Places } from '../../../src/grpc/places.ts';
import { openRawCall } from '../../support/raw-http2.ts';

type Message = { readonly text: string };

const PATH = { unary: '/test.Echo/Say', stream: '/test.Echo/Chat' };
const serialize = ({ text }: Message) => Buffer.from(text);
const deserialize = (bytes: Buffer): Message => ({ text: bytes.toString() });

/** A plain grpc-js server whose handlers stand for the chain: they answer `chain: …`, and refuse failed requests. */
async function startEcho(answer: AnswerDirectly, maxInFlight = 100) {
  const streams = createStreamEnder();
  const places = createPlaces({ maxInFlight });
  const open = () => answer;
  const server = new Server({
    interceptors: [
      createAnswerDirectly({ methods: new Map([[PATH.unary, open]]), places }),
      createAnswerStreamDirectly({ methods: new Map([[PATH.stream, open]]), places, streams }),
    ],
  });
  const reply = (request: Message): Message => {
    throwFailure(request);
    return { text: `chain: ${request.text}` };
  };
  const codec = { requestSerialize: serialize, requestDeserialize: deserialize };
  const both = { ...codec, responseSerialize: serialize, responseDeserialize: deserialize };
  const handlers: Record<string, UntypedHandleCall> = {
    say(call: ServerUnaryCall<Message, Message>, callback: sendUnaryData<Message>) {
      try {
        callback(null, reply(call.request));
      } catch (error) {
        callback(error as ServiceError);
      }
    },
    chat(call: ServerDuplexStream<Message, Message>) {
      call.on('data', (request: Message) => {
        try {
          call.write(reply(request));
        } catch (error) {
          call.emit('error', error);
        }
      });
      call.on('end', () => call.end());
    },
  };
  server.addService(
    {
      say: { path: PATH.unary, requestStream: false, responseStream: false, ...both },
      chat: { path: PATH.stream, requestStream: true, responseStream: true, ...both },
    },
    handlers,
  );
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  started.push(() => server.forceShutdown());
  const call = (path: string) => {
    const opened = openRawCall(port, path);
    started.push(() => opened.close());
    return opened;
  };
  return { call, streams, places };
}

function isFree(places: Places, kind: 'calls' | 'streams'): boolean {
  const leave = places.take(kind);
  leave?.();
  return leave !== null;
}

const started: (() => void)[] = [];
afterEach(() => {
  for (const stop of started.splice(0).reverse()) stop();
});

const directly: AnswerDirectly = (request) => {
  const { text } = request as Message;
  if (text === 'throw') throw new Error('A defect.');
  if (text === 'refuse') return Promise.reject(Object.assign(new Error('refused'), { code: 9, details: 'refused' }));
  if (text.startsWith('later'))
    return new Promise((resolve) => setTimeout(() => resolve({ text: `late: ${text}` }), 100));
  return text.startsWith('chain') ? null : { text: `direct: ${text}` };
};

describe('A unary call', () => {
  it.each([
    ['that has a plain answer is answered in front of the chain', ['hello'], ['direct: hello'], '0'],
    ['that has none is the chain’s, as it came', ['chain'], ['chain: chain'], '0'],
    ['whose answer has to be waited for is answered in front of the chain', ['later'], ['late: later'], '0'],
    ['that fails in waiting is refused by the chain with that error', ['refuse'], [], '9'],
    ['that meets a defect in front of the chain is the chain’s', ['throw'], ['chain: throw'], '0'],
    ['with two messages is refused', ['hello', 'again'], [], '12'],
    ['without a message is refused', [], [], '12'],
  ])('%s', async (_, requests, responses, status) => {
    const { call } = await startEcho(directly);
    const say = call(PATH.unary);
    for (const request of requests) say.send(request);
    say.end();
    expect(await say.ended).toBe(status);
    expect(say.received).toEqual(responses);
  });

  it('is the chain’s when no place is free, and takes one only while it waits', async () => {
    const { call, places } = await startEcho(directly, 1);
    const waiting = call(PATH.unary);
    waiting.send('later');
    waiting.end();
    await expect.poll(() => isFree(places, 'calls')).toBe(false);
    const second = call(PATH.unary);
    second.send('hello');
    second.end();
    expect(await second.ended).toBe('0');
    expect(second.received).toEqual(['chain: hello']);
    expect(await waiting.ended).toBe('0');
    expect(waiting.received).toEqual(['late: later']);
    expect(isFree(places, 'calls')).toBe(true);
  });
});

describe('A stream', () => {
  it('has 10 000 questions answered in their order', async () => {
    const { call } = await startEcho(directly);
    const chat = call(PATH.stream);
    const questions = Array.from({ length: 10_000 }, (_, index) => `question ${index}`);
    for (const question of questions) chat.send(question);
    chat.end();
    expect(await chat.ended).toBe('0');
    expect(chat.received).toEqual(questions.map((question) => `direct: ${question}`));
  });

  it('keeps the order where an answer has to be waited for', async () => {
    const { call } = await startEcho(directly);
    const chat = call(PATH.stream);
    for (const question of ['a', 'later 1', 'b', 'later 2', 'c']) chat.send(question);
    chat.end();
    expect(await chat.ended).toBe('0');
    expect(chat.received).toEqual(['direct: a', 'late: later 1', 'direct: b', 'late: later 2', 'direct: c']);
  });

  it('is the chain’s from the first question on that it has to answer', async () => {
    const { call } = await startEcho(directly);
    const chat = call(PATH.stream);
    for (const question of ['a', 'chain', 'b']) chat.send(question);
    chat.end();
    expect(await chat.ended).toBe('0');
    expect(chat.received).toEqual(['direct: a', 'chain: chain', 'chain: b']);
  });

  it('ends with the error of a question that fails, behind the answers before it', async () => {
    const { call } = await startEcho(directly);
    const chat = call(PATH.stream);
    for (const question of ['a', 'refuse', 'b']) chat.send(question);
    expect(await chat.ended).toBe('9');
    expect(chat.received).toEqual(['direct: a']);
  });

  it('gives its place back when it ends, is cancelled, or is handed on', async () => {
    const { call, places } = await startEcho(directly, 2);
    for (const way of ['end', 'cancel', 'hand on'] as const) {
      const chat = call(PATH.stream);
      chat.send('a');
      await expect.poll(() => chat.received).toEqual(['direct: a']);
      expect(isFree(places, 'streams')).toBe(false);
      if (way === 'end') chat.end();
      else if (way === 'cancel') chat.cancel();
      else chat.send('chain');
      await expect.poll(() => isFree(places, 'streams')).toBe(true);
    }
  });

  it('ends in order at a stop', async () => {
    const { call, streams } = await startEcho(directly);
    const chat = call(PATH.stream);
    chat.send('a');
    await expect.poll(() => chat.received).toEqual(['direct: a']);
    streams.endAll();
    expect(await chat.ended).toBe('0');
  });

  it('is not read from while its client does not read: unsent answers are bounded', async () => {
    let answered = 0;
    const big = 'x'.repeat(10_000);
    const { call } = await startEcho(() => ({ text: `${(answered += 1)} ${big}` }));
    const chat = call(PATH.stream);
    chat.pause();
    for (let index = 0; index < 5000; index++) chat.send('question');
    await expect.poll(() => answered).toBeGreaterThan(5);
    const until = performance.now() + 500;
    await expect.poll(() => performance.now() > until, { timeout: 2000 }).toBe(true);
    expect(answered).toBeLessThan(200);
    chat.resume();
    chat.end();
    expect(await chat.ended).toBe('0');
    expect(chat.received.length).toBe(5000);
  });
});
