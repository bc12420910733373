import type { ServerMiddleware } from 'nice-grpc-common';

/** What a handler of an endless stream calls, so that a stop does not wait for it. */
export type WithAbortOnTerminate = { readonly abortOnTerminate: () => void };

/** Ends streams that have no end of their own when the server stops; other calls are left to finish. */
export type StreamEnder = {
  readonly middleware: ServerMiddleware<WithAbortOnTerminate>;
  readonly endAll: () => void;
};

export function createStreamEnder(): StreamEnder {
  const streams = new Set<AbortController>();
  return {
    async *middleware(call, context) {
      if (!call.responseStream)
        return yield* call.next(call.request, { ...context, abortOnTerminate: () => undefined });
      const stream = new AbortController();
      const signal = AbortSignal.any([context.signal, stream.signal]);
      try {
        return yield* call.next(call.request, { ...context, signal, abortOnTerminate: () => void streams.add(stream) });
      } finally {
        streams.delete(stream);
      }
    },
    endAll() {
      for (const stream of streams) stream.abort();
    },
  };
}
