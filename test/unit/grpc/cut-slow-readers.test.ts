import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { createCutSlowReaders } from '../../../src/grpc/cut-slow-readers.ts';
import { openRawCall } from '../../support/raw-http2.ts';

type Message = { readonly text: string };

const PATH = '/test.Feed/Watch';
const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0).reverse()) stop();
});

/** A stream of 1000 messages of 10 kB, written as fast as they are taken. */
async function startFeed(patience: number) {
  const cuts: string[] = [];
  const calls: ServerWritableStream<Message, Message>[] = [];
  const server = new Server({
    interceptors: [createCutSlowReaders({ paths: new Set([PATH]), patience, onCut: (path) => cuts.push(path) })],
  });
  const serialize = ({ text }: Message) => Buffer.from(text);
  const deserialize = (bytes: Buffer): Message => ({ text: bytes.toString() });
  const codec = { requestSerialize: serialize, requestDeserialize: deserialize };
  server.addService(
    {
      watch: {
        path: PATH,
        requestStream: false,
        responseStream: true,
        ...codec,
        responseSerialize: serialize,
        responseDeserialize: deserialize,
      },
    },
    {
      watch(call: ServerWritableStream<Message, Message>) {
        calls.push(call);
        let left = 1000;
        const write = () => {
          while (left > 0 && !call.cancelled) {
            left -= 1;
            if (!call.write({ text: 'x'.repeat(10_000) })) {
              call.once('drain', write);
              return;
            }
          }
          call.end();
        };
        write();
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  stops.push(() => server.forceShutdown());
  const open = () => {
    const call = openRawCall(port, PATH);
    stops.push(() => call.close());
    call.send('');
    call.end();
    return call;
  };
  return { open, cuts, calls };
}

describe('A reader of a stream', () => {
  it('that reads gets all of it, however short the patience', async () => {
    const { open, cuts } = await startFeed(300);
    const reader = open();
    expect(await reader.ended).toBe('0');
    expect(reader.received.length).toBe(1000);
    expect(cuts).toEqual([]);
  });

  it('that does not is cut off, and nothing is kept for it', async () => {
    const { open, cuts, calls } = await startFeed(300);
    const reader = open();
    reader.pause();
    await expect.poll(() => cuts, { timeout: 5000 }).toEqual([PATH]);
    await expect.poll(() => calls[0]?.writableLength).toBe(0);
    reader.resume();
    expect(await reader.ended).toBe('8');
  });

  it('that goes away is not counted as slow', async () => {
    const { open, cuts, calls } = await startFeed(300);
    const reader = open();
    reader.pause();
    await expect.poll(() => calls.length).toBe(1);
    reader.close();
    const until = performance.now() + 800;
    await expect.poll(() => performance.now() > until, { timeout: 3000 }).toBe(true);
    expect(cuts).toEqual([]);
  });
});
