import { fromBinary } from '@bufbuild/protobuf';
import type { FileRegistry, Message } from '@bufbuild/protobuf';
import { frame } from './grpc-web-frames.ts';

/** The protocols of the gateway, for calls with one request. */
export const WEB_PROTOCOLS = ['gRPC-web', 'gRPC-web-text', 'Connect', 'JSON'] as const;
type WebProtocol = (typeof WEB_PROTOCOLS)[number];

type WebAnswer = {
  /** Of HTTP. */
  readonly status: number;
  /** `OK`; or of a refusal the reason; or null: it has none. */
  readonly reason: string | null;
  /** Every byte that the caller gets to see, of details, too. */
  readonly seen: string;
};
type Request = { readonly bytes: Uint8Array; readonly json: string };

const CONTENT_TYPES: Readonly<Record<WebProtocol, string>> = {
  'gRPC-web': 'application/grpc-web+proto',
  'gRPC-web-text': 'application/grpc-web-text+proto',
  Connect: 'application/proto',
  JSON: 'application/json',
};
/** A frame of gRPC: a byte of flags and four of length; in gRPC-web the trailers are a frame, too. */
const FRAME_HEAD = 5;
const IS_TRAILERS = 0x80;

/** Calls by bare HTTP, so that no client hides an answer that is none of its protocol. */
export function createWebCaller(origin: string, registry: FileRegistry) {
  /** What stands in a google.rpc.Status, or in the details of Connect: the reason, and the bytes of all of it. */
  function reasonOf(details: readonly { readonly type: string; readonly value: Uint8Array }[]): string | null {
    const info = details.find(({ type }) => type.endsWith('google.rpc.ErrorInfo'));
    const schema = registry.getMessage('google.rpc.ErrorInfo');
    return info && schema ? (fromBinary(schema, info.value) as Message & { reason: string }).reason : null;
  }

  function readGrpcWeb(headers: Headers, body: Buffer): Pick<WebAnswer, 'reason' | 'seen'> {
    const frames = framesOf(body);
    const last = frames.find(({ flags }) => (flags & IS_TRAILERS) !== 0)?.data.toString('latin1') ?? '';
    const trailer = (name: string) =>
      headers.get(name) ?? new RegExp(`^${name}: ?(.*)$`, 'im').exec(last)?.[1]?.trim() ?? null;
    const encoded = Buffer.from(trailer('grpc-status-details-bin') ?? '', 'base64');
    const schema = registry.getMessage('google.rpc.Status');
    if (!schema) throw new Error('google.rpc.Status is not in the descriptors.');
    type Status = Message & { details: { typeUrl: string; value: Uint8Array }[] };
    const details = (fromBinary(schema, encoded) as Status).details.map(({ typeUrl, value }) => ({
      type: typeUrl,
      value,
    }));
    const reason = trailer('grpc-status') === '0' ? 'OK' : reasonOf(details);
    return { reason, seen: body.toString('latin1') + encoded.toString('latin1') };
  }

  function readConnect(status: number, body: Buffer): Pick<WebAnswer, 'reason' | 'seen'> {
    if (status === 200) return { reason: 'OK', seen: body.toString('latin1') };
    const { details = [] } = JSON.parse(body.toString()) as { details?: { type: string; value: string }[] };
    const decoded = details.map(({ type, value }) => ({ type, value: Buffer.from(value, 'base64') }));
    return {
      reason: reasonOf(decoded),
      seen: body.toString('latin1') + String(decoded.map(({ value }) => value.toString('latin1'))),
    };
  }

  return async function call(
    protocol: WebProtocol,
    path: string,
    { bytes, json }: Request,
    headers: Readonly<Record<string, string>>,
  ): Promise<WebAnswer> {
    const framed = frame(bytes);
    const body = {
      'gRPC-web': framed,
      'gRPC-web-text': framed.toString('base64'),
      Connect: Buffer.from(bytes),
      JSON: json,
    };
    const response = await fetch(origin + path, {
      method: 'POST',
      headers: { 'content-type': CONTENT_TYPES[protocol], ...headers },
      body: body[protocol],
    });
    const answer = Buffer.from(await response.arrayBuffer());
    const isText = response.headers.get('content-type')?.startsWith('application/grpc-web-text') ?? false;
    const isGrpcWeb = response.headers.get('content-type')?.startsWith('application/grpc-web') ?? false;
    const read = isGrpcWeb
      ? readGrpcWeb(response.headers, isText ? fromBase64(answer.toString()) : answer)
      : readConnect(response.status, answer);
    return { status: response.status, reason: read.reason, seen: JSON.stringify([...response.headers]) + read.seen };
  };
}

function framesOf(body: Buffer): { flags: number; data: Buffer }[] {
  const frames = [];
  let at = 0;
  while (at + FRAME_HEAD <= body.length) {
    const end = at + FRAME_HEAD + body.readUInt32BE(at + 1);
    frames.push({ flags: body.readUInt8(at), data: body.subarray(at + FRAME_HEAD, end) });
    at = end;
  }
  return frames;
}

/** Pieces may have been encoded one by one: each ends with its padding. */
const fromBase64 = (text: string) =>
  Buffer.concat((text.match(/[^=]+=*/g) ?? []).map((piece) => Buffer.from(piece, 'base64')));
