import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpServer } from '../../src/gateway/http-server.ts';
import type { HttpHandler } from '../../src/gateway/routes.ts';

/** Long enough to be no cause of anything here. */
const NEVER = 600_000;
const PATIENT = { headers: NEVER, wholeRequest: NEVER, keepAlive: NEVER, idle: NEVER, checks: 50 };

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function open(limits: Parameters<typeof createHttpServer>[1], handler: HttpHandler = (_, res) => res.end('ok')) {
  const { listen, stop } = createHttpServer(handler, { ...PATIENT, ...limits });
  const port = await listen('127.0.0.1', 0);
  ends.push(() => stop(0));
  return (): Socket => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    ends.push(() => socket.destroy());
    return socket;
  };
}

/** All that comes back on a connection until it is closed. */
async function untilClosed(socket: Socket): Promise<string> {
  let answer = '';
  socket.on('data', (data) => (answer += data.toString('latin1')));
  await once(socket, 'close');
  return answer;
}

const HEAD = 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100000\r\n';

describe('A connection is closed', () => {
  it('when its headers do not come to an end', async () => {
    const socket = (await open({ headers: 200 }))();
    socket.write(HEAD);
    expect(await untilClosed(socket)).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('when its request does not come to an end, however it drips', async () => {
    const dial = await open({ headers: 400, wholeRequest: 400 }, (request, response) => {
      request.resume().on('end', () => response.end('all of it'));
    });
    const socket = dial();
    socket.write(`${HEAD}\r\n`);
    const dripping = setInterval(() => socket.write('.'), 50);
    ends.push(() => clearInterval(dripping));
    expect(await untilClosed(socket)).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('when its answer is not taken', async () => {
    const closed = Promise.withResolvers<boolean>();
    const dial = await open({ idle: 200 }, (_, response: ServerResponse) => {
      response.once('close', () => closed.resolve(response.writableFinished));
      response.end(Buffer.alloc(64 * 1024 * 1024));
    });
    const socket = dial();
    socket.pause();
    socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    expect(await closed.promise).toBe(false);
  });

  it('when there are too many, and the others are served', async () => {
    const dial = await open({ connections: 2 });
    const taken = [dial(), dial()];
    await Promise.all(taken.map((socket) => once(socket, 'connect')));
    expect(await untilClosed(dial())).toBe('');
    for (const socket of taken) {
      socket.write('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
      expect(await untilClosed(socket)).toMatch(/^HTTP\/1\.1 200 /);
    }
    const next = dial();
    next.write('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
    expect(await untilClosed(next)).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('A connection', () => {
  it('is kept for longer than proxies keep theirs, by default', async () => {
    const { listen, stop } = createHttpServer((_, response) => response.end());
    const response = await fetch(`http://127.0.0.1:${await listen('127.0.0.1', 0)}`);
    const [, seconds] = /timeout=(\d+)/.exec(response.headers.get('keep-alive') ?? '') ?? [];
    expect(Number(seconds)).toBeGreaterThan(60);
    await stop(0);
  });
});
