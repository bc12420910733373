import { connect } from 'node:http2';
import type { ClientHttp2Session } from 'node:http2';
import { HEADER } from './grpc-frames.ts';
import { grpcHeaders } from './grpc-headers.ts';

/** Calls a unary method and resolves with the bytes of its answer. Rejects for any status but OK. */
export type CallUnary = (path: string, frame: Buffer) => Promise<Buffer>;

/**
 * Connections to a local server. Plain node:http2, because the usual clients work harder than the server, and the load
 * generator would be what is measured.
 */
export function openConnections(port: number, count: number): CallUnary[] {
  return Array.from({ length: count }, () => {
    const session = connect(`http://127.0.0.1:${port}`);
    // Every call under way fails with it, and tells.
    session.on('error', () => undefined);
    return (path, frame) => callUnary(session, path, frame);
  });
}

function callUnary(session: ClientHttp2Session, path: string, frame: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const stream = session.request(grpcHeaders(path));
    let answer: Buffer | undefined;
    let status: unknown;
    let message: unknown;
    const readStatus = (headers: Readonly<Record<string, unknown>>) => {
      status ??= headers['grpc-status'];
      message ??= headers['grpc-message'];
    };
    stream.on('response', readStatus);
    stream.on('trailers', readStatus);
    stream.on('data', (chunk: Buffer) => {
      answer = answer ? Buffer.concat([answer, chunk]) : chunk;
    });
    stream.on('error', reject);
    stream.on('end', () => {
      if (status === '0' && answer) resolve(answer.subarray(HEADER));
      else reject(new Error(`${path} answered status ${String(status)}: ${String(message)}`));
    });
    stream.end(frame);
  });
}
