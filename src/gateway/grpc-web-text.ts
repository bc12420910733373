import { Code, ConnectError } from '@connectrpc/connect';
import type { UniversalServerRequest, UniversalServerResponse } from '@connectrpc/connect/protocol';

/**
 * gRPC-web in base64, which the `grpc-web` client speaks unless it was told `binary`, and which connect-es does not know.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md ("Text-encoded streams")
 */
const TEXT_TYPE = /^application\/grpc-web-text(?:\+proto)?\s*(?:;|$)/i;
/** A piece ends where its padding does: base64 that was made in pieces may be padded in the middle. */
const PIECE = /[^=]*=*/g;
const ALPHABET = /^[A-Za-z0-9+/]*={0,2}$/;

export function isText({ header }: UniversalServerRequest): boolean {
  return TEXT_TYPE.test(header.get('content-type') ?? '');
}

/** The same call in binary. */
export function fromText(call: UniversalServerRequest): UniversalServerRequest {
  const header = new Headers(call.header);
  header.set('content-type', 'application/grpc-web+proto');
  return { ...call, header, body: decodeAll(call.body as AsyncIterable<Uint8Array>) };
}

/** An answer in binary, as text. */
export function toText(answer: UniversalServerResponse): UniversalServerResponse {
  if (!answer.body) return answer;
  const header = new Headers(answer.header);
  header.set('content-type', 'application/grpc-web-text+proto');
  return { ...answer, header, body: encodeAll(answer.body) };
}

async function* decodeAll(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let rest = '';
  for await (const chunk of chunks) {
    const text = rest + Buffer.from(chunk).toString('latin1');
    const whole = text.length - (text.length % 4);
    rest = text.slice(whole);
    yield decode(text.slice(0, whole));
  }
  if (rest !== '') throw notBase64();
}

function decode(text: string): Uint8Array {
  const pieces = text.match(PIECE) ?? [];
  if (!pieces.every((piece) => piece.length % 4 === 0 && ALPHABET.test(piece))) throw notBase64();
  return Buffer.concat(pieces.map((piece) => Buffer.from(piece, 'base64')));
}

const notBase64 = () => new ConnectError('The body is not base64.', Code.InvalidArgument);

async function* encodeAll(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  for await (const chunk of chunks) yield Buffer.from(Buffer.from(chunk).toString('base64'));
}
