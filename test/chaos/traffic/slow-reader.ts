import { once } from 'node:events';
import { connect } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { WatchRevocationsRequest } from '../../../src/gen/auth/v1/revocations_service.ts';

export type SlowReader = {
  /** Reads what was left for it; resolves with the details that its stream ended with, or nothing if it goes on. */
  readonly ending: () => Promise<string>;
};

/** Milliseconds in which all that was left for it can be read. */
const LONGEST_ENDING = 10_000;

/** Opens WatchRevocations from the beginning and takes nothing: plain HTTP/2, as every gRPC client reads ahead. */
export function startSlowReader(scope: AsyncDisposableStack, address: string): SlowReader {
  const session = connect(`http://${address}`, { settings: { initialWindowSize: 1024 } });
  session.on('error', () => undefined);
  scope.defer(() => session.destroy());
  const stream = session.request({
    ':method': 'POST',
    ':path': '/auth.v1.RevocationsService/WatchRevocations',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', () => undefined);
  const request = WatchRevocationsRequest.encode({ afterRevision: 0 }).finish();
  const frame = Buffer.alloc(5 + request.length);
  frame.writeUInt32BE(request.length, 1);
  frame.set(request, 5);
  stream.end(frame);
  stream.pause();
  const trailers = once(stream, 'trailers') as Promise<[Record<string, unknown>]>;
  // It is the scope's end that breaks it, if nothing else does.
  trailers.catch(() => undefined);
  return {
    async ending() {
      stream.resume();
      const [{ 'grpc-status-details-bin': details }] = await Promise.race([
        trailers,
        sleep(LONGEST_ENDING, [{}] as [Record<string, unknown>]),
      ]);
      return Buffer.from(String(details), 'base64').toString('latin1');
    },
  };
}
