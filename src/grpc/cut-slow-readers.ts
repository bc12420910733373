import { Metadata, status } from '@grpc/grpc-js';
import type { ServerInterceptor } from '@grpc/grpc-js';
import { errorDetailsServerMiddleware } from 'nice-grpc-error-details';
import { Metadata as CallMetadata } from 'nice-grpc-common';
import type { CallContext, MethodDescriptor } from 'nice-grpc-common';
import { AppError } from '../errors/app-error.ts';
import { toErrorStatus } from './error-status.ts';
import { toInterceptor, wrapCall } from './wrap-call.ts';
import type { CallListener } from './wrap-call.ts';

type Deps = {
  /** The methods whose readers are watched. */
  readonly paths: ReadonlySet<string>;
  /** How long a message may wait to be taken, in milliseconds. */
  readonly patience: number;
  readonly onCut: (path: string) => void;
};

/**
 * Ends streams whose reader takes nothing: WATCH_TOO_SLOW. HTTP/2 holds back what a client does not read, and a handler that
 * waits for it cannot be told; so this stands in front of it. The handler is cancelled, which frees the stream's place, and
 * the reader finds the status behind what it had left, should it come back.
 */
export function createCutSlowReaders({ paths, patience, onCut }: Deps): ServerInterceptor {
  return toInterceptor((method, inner) => {
    if (!paths.has(method.path)) return inner;
    let listener: CallListener | undefined;
    let isCut = false;
    /** What the handler waits for to go on, and when the patience with the reader ends. */
    const pending = new Map<() => void, NodeJS.Timeout>();

    const settle = (callback: () => void) => {
      clearTimeout(pending.get(callback));
      // Once for each message: by the reader, or by the cut.
      if (pending.delete(callback)) callback();
    };
    const forget = () => {
      for (const timer of pending.values()) clearTimeout(timer);
    };
    const cut = async () => {
      isCut = true;
      onCut(method.path);
      listener?.onCancel();
      // Whatever else the handler had sent is dropped, or it would wait in memory for as long as the connection lasts.
      for (const callback of [...pending.keys()]) settle(callback);
      const error = toErrorStatus(new AppError('WATCH_TOO_SLOW'), '');
      inner.sendStatus({ code: status.RESOURCE_EXHAUSTED, details: error.details, metadata: await detailsOf(error) });
    };

    return wrapCall({
      inner,
      start(given) {
        listener = given;
        inner.start({
          onReceiveMetadata: (metadata) => given.onReceiveMetadata(metadata),
          onReceiveMessage: (message) => given.onReceiveMessage(message),
          onReceiveHalfClose: () => given.onReceiveHalfClose(),
          onCancel() {
            // A message that is lost with its connection is never reported as sent.
            forget();
            given.onCancel();
          },
        });
      },
      sendMessage(message, callback) {
        // What is sent after the end would break the stream before the reader has seen why it ended.
        if (isCut) {
          callback();
          return;
        }
        pending.set(
          callback,
          setTimeout(() => void cut(), patience),
        );
        inner.sendMessage(message, () => settle(callback));
      },
      sendStatus(given) {
        if (!isCut) inner.sendStatus(given);
      },
    });
  });
}

/** The trailer that says an error's details: the library makes it for a call that throws, so one throws. */
async function detailsOf(error: Error): Promise<Metadata> {
  const trailer = CallMetadata();
  const context = { trailer } as CallContext;
  const method: MethodDescriptor = { path: '', requestStream: false, responseStream: false, options: {} };
  async function* next(): AsyncGenerator<never, never> {
    throw error;
  }
  const call = { method, requestStream: false, request: {}, responseStream: false, next } as const;
  await errorDetailsServerMiddleware(call, context)
    .next()
    .catch(() => undefined);
  const metadata = new Metadata();
  for (const [key, values] of trailer) for (const value of values) metadata.add(key, toBuffer(value));
  return metadata;
}

const toBuffer = (value: string | Uint8Array) => (typeof value === 'string' ? value : Buffer.from(value));
