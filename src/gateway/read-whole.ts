import type { IncomingMessage } from 'node:http';

/** The body of a request that says how long it is, and by that is not too long. Rejects when the client goes away before its end. */
export function readWhole(request: IncomingMessage): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.once('end', () => resolve(Buffer.concat(pieces)));
  request.once('error', reject);
  return promise;
}
