import type { ServerMiddleware } from 'nice-grpc-common';

/** What a handler of an endless stream calls, so that a stop does not wait for it. */
export type WithAbortOnTerminate = { readonly abortOnTerminate: () => void };

/** Ends streams that have no end of their own when the server stops; other calls are left to finish. */
export type StreamEnder = {
  /** For handlers that know `abortOnTerminate`: those of the health and reflection services. */
  readonly middleware: ServerMiddleware<WithAbortOnTerminate>;
  /** The requests of a stream up to its end, or up to the stop: the handler then ends the stream in order. */
  readonly untilStop: <Request>(requests: AsyncIterable<Request>) => AsyncIterable<Request>;
  /** Has something called at the stop; what is returned takes it back. */
  readonly onStop: (end: () => void) => () => void;
  readonly endAll: () => void;
};

export function createStreamEnder(): StreamEnder {
  const enders = new Set<() => void>();
  return {
    async *middleware(call, context) {
      if (!call.responseStream)
        return yield* call.next(call.request, { ...context, abortOnTerminate: () => undefined });
      const stream = new AbortController();
      const end = () => stream.abort();
      const signal = AbortSignal.any([context.signal, stream.signal]);
      try {
        return yield* call.next(call.request, { ...context, signal, abortOnTerminate: () => void enders.add(end) });
      } finally {
        enders.delete(end);
      }
    },
    async *untilStop(requests) {
      const iterator = requests[Symbol.asyncIterator]();
      // The wait for the next request, which a stop ends. A promise a message, as racing one long-lived promise would
      // hold on to every message that was ever waited for.
      let wait = Promise.withResolvers<IteratorResult<never, undefined>>();
      const stop = new AbortController();
      const end = () => {
        stop.abort();
        wait.resolve({ done: true, value: undefined });
      };
      enders.add(end);
      try {
        for (;;) {
          // A stop that came while a message was handled.
          if (stop.signal.aborted) return;
          wait = Promise.withResolvers();
          const result = await new Promise<Awaited<ReturnType<typeof iterator.next>>>((resolve, reject) => {
            iterator.next().then(resolve, reject);
            void wait.promise.then(resolve);
          });
          if (result.done) return;
          yield result.value;
        }
      } finally {
        enders.delete(end);
      }
    },
    onStop(end) {
      enders.add(end);
      return () => void enders.delete(end);
    },
    endAll() {
      for (const end of enders) end();
    },
  };
}
