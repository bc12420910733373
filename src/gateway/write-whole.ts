import type { ServerResponse } from 'node:http';
import type { UniversalServerResponse } from '@connectrpc/connect/protocol';

/**
 * Writes an answer that has an end at once. In pieces, as Connect makes it, each of them would be a chunk of HTTP and a write of
 * its own: a third of the time of a short call.
 */
export async function writeWhole({ status, header, body }: UniversalServerResponse, response: ServerResponse) {
  const pieces: Uint8Array[] = [];
  for await (const piece of body ?? []) pieces.push(piece);
  if (response.destroyed) return;
  const bytes = Buffer.concat(pieces);
  response.statusCode = status;
  if (header) response.setHeaders(header);
  response.setHeader('content-length', bytes.length);
  response.end(bytes);
}
