import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { readWhole } from '../../src/gateway/read-whole.ts';
import { frame } from '../support/grpc-web-frames.ts';
import { SERVING, openHealthGateway } from '../support/health-gateway.ts';

const CHECK = '/grpc.health.v1.Health/Check';
const gateway = await openHealthGateway({
  check: async () => ({ status: SERVING }),
  async *watch() {
    throw new Error('Nobody watches here.');
  },
});
afterAll(gateway.stop);

/** Begins a call of so many bytes, of which some never come. */
async function begin(length: number, headers = `content-length: ${length}`): Promise<Socket> {
  const socket = connect(gateway.port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(`POST ${CHECK} HTTP/1.1\r\nhost: a\r\ncontent-type: application/grpc-web\r\n${headers}\r\n\r\n`);
  return socket;
}
const statusOf = async (body: string | Buffer<ArrayBuffer>, type = 'application/json') =>
  (await fetch(gateway.baseUrl + CHECK, { method: 'POST', headers: { 'content-type': type }, body })).status;
const LARGE_BODY = JSON.stringify({ service: 'a'.repeat(100_000) });

describe('Bodies on their way', () => {
  it.each([
    ['say that they are long', 'content-length: 1000000'],
    ['do not say how long they are', 'transfer-encoding: chunked'],
  ])('that %s have 64 places, and keep nobody from short calls', async (_, headers) => {
    const held = await Promise.all(Array.from({ length: 64 }, () => begin(1_000_000, headers)));
    await vi.waitFor(async () => expect(await statusOf(LARGE_BODY)).toBe(503), 10_000);
    const refused = await fetch(gateway.baseUrl + CHECK, {
      method: 'POST',
      headers: { 'content-type': 'application/grpc-web' },
      body: frame(Buffer.alloc(100_000)) as Buffer<ArrayBuffer>,
    });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect(refused.headers.get('x-auth-reason')).toBe('OVERLOADED');
    expect(await refused.json()).toMatchObject({ reason: 'OVERLOADED' });
    expect(await statusOf('{}')).toBe(200);
    expect(await statusOf(frame(new Uint8Array()) as Buffer<ArrayBuffer>, 'application/grpc-web')).toBe(200);
    for (const socket of held) socket.destroy();
    await vi.waitFor(async () => expect(await statusOf(LARGE_BODY)).toBe(200), 10_000);
    expect(gateway.problems.every((problem) => problem === 'OVERLOADED')).toBe(true);
    gateway.problems.length = 0;
  });

  it('that are given up in the middle leave nothing behind, 2000 times', async () => {
    for (let round = 0; round < 20; round += 1) {
      const sockets = await Promise.all(Array.from({ length: 100 }, () => begin(1000)));
      for (const socket of sockets) socket.write('a'.repeat(500));
      for (const socket of sockets) socket.destroy();
    }
    expect(await statusOf('{}')).toBe(200);
    expect(gateway.problems).toEqual([]);
  });

  it.each([
    ['one message that is too long', 'application/grpc-web', frame(Buffer.alloc(8 * 1024 * 1024))],
    ['a great many empty messages', 'application/grpc-web', Buffer.alloc(8 * 1024 * 1024)],
    ['one message that is too long', 'application/json', Buffer.alloc(8 * 1024 * 1024)],
  ])('that are refused for %s (%s) leave the connection to the next call', async (_, type, body) => {
    const socket = await begin(0, 'content-length: 0');
    let answers = '';
    socket.on('data', (data) => (answers += data.toString('latin1')));
    const call = (bytes: Buffer, contentType: string) => {
      const headers = `host: a\r\ncontent-type: ${contentType}\r\ncontent-length: ${bytes.length}`;
      socket.write(`POST ${CHECK} HTTP/1.1\r\n${headers}\r\n\r\n`);
      socket.write(bytes);
    };
    call(body, type);
    call(Buffer.from('{}'), 'application/json');
    await vi.waitFor(() => expect(answers).toContain('{"status":"SERVING"}'), 10_000);
    socket.destroy();
  });
});

describe('The body of a plain call', () => {
  it('is not waited for when its client has gone away', async () => {
    const reading = Promise.withResolvers<{ body: Promise<Buffer> }>();
    const server = createServer((request) => reading.resolve({ body: readWhole(request) }));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nhalf');
    const { body } = await reading.promise;
    socket.destroy();
    await expect(body).rejects.toThrow('aborted');
    server.close();
  });
});
