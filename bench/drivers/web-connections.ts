import { connect } from 'node:net';
import { HEADER } from './grpc-frames.ts';

/** Calls a unary method by gRPC-web and resolves with the bytes of its answer. Rejects for any status but OK. */
type CallWeb = (frame: Buffer) => Promise<Buffer>;

/**
 * Connections to a local server that speaks gRPC-web over HTTP/1.1, for one method. Plain sockets, because Node's own client
 * works harder than the server, and the load generator would be what is measured.
 */
export function openWebConnections(port: number, path: string, count: number): CallWeb[] {
  return Array.from({ length: count }, () => openConnection(port, path));
}

function openConnection(port: number, path: string): CallWeb {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  let received: Buffer = Buffer.alloc(0);
  let waiting: PromiseWithResolvers<Buffer> | undefined;
  const fail = (error: Error) => waiting?.reject(error);
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('The connection was closed.')));
  socket.on('data', (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const body = readBody(received);
    if (!body) return;
    received = Buffer.alloc(0);
    if (body.includes('grpc-status: 0')) waiting?.resolve(body.subarray(HEADER));
    else fail(new Error(`${path} answered ${received.toString('latin1')}${body.toString('latin1')}`));
  });
  return (frame) => {
    waiting = Promise.withResolvers();
    const head = [
      `POST ${path} HTTP/1.1`,
      `host: 127.0.0.1:${port}`,
      'content-type: application/grpc-web+proto',
      'x-grpc-web: 1',
      `content-length: ${frame.length}`,
    ];
    socket.write(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), frame]));
    return waiting.promise;
  };
}

/** The body of a whole answer; undefined: there is more to come. */
function readBody(received: Buffer): Buffer | undefined {
  const end = received.indexOf('\r\n\r\n') + 4;
  if (end < 4) return undefined;
  const [, length] = /^content-length: (\d+)\r$/im.exec(received.toString('latin1', 0, end)) ?? [];
  if (length === undefined) throw new Error('The answer does not say how long it is.');
  return received.length < end + Number(length) ? undefined : received.subarray(end);
}
