import type { ServerMiddleware } from 'nice-grpc-common';
import { AppError } from '../../errors/app-error.ts';
import { isMalformed } from '../decoding.ts';
import type { StreamEnder } from './end-streams.ts';

type Deps = { readonly maxInFlight: number; readonly streams: Pick<StreamEnder, 'untilStop'> };

/**
 * Refuses what is not worth beginning: undecodable requests, and calls beyond the number that may be under way. HTTP/2's own
 * limit on streams does not bound handlers: a client that resets its streams at once has them run all the same.
 */
export function createBoundWork({ maxInFlight, streams }: Deps): ServerMiddleware {
  const inFlight = { calls: 0, streams: 0 };
  return async function* boundWork(call, context) {
    if (!call.requestStream && isMalformed(call.request)) throw new AppError('MALFORMED_MESSAGE');
    const request = call.requestStream ? refuseMalformed(streams.untilStop(call.request)) : call.request;
    // Streams stay open for as long as their clients like: they must not use up the places of calls, nor all of memory.
    const kind = call.responseStream || call.requestStream ? 'streams' : 'calls';
    const limit = kind === 'streams' ? Math.ceil(maxInFlight / 2) : maxInFlight;
    if (inFlight[kind] >= limit) throw new AppError('OVERLOADED', { retryAfter: 1000 });
    inFlight[kind] += 1;
    try {
      return yield* call.next(request, context);
    } finally {
      inFlight[kind] -= 1;
    }
  };
}

async function* refuseMalformed<Request>(requests: AsyncIterable<Request>): AsyncIterable<Request> {
  for await (const request of requests) {
    if (isMalformed(request)) throw new AppError('MALFORMED_MESSAGE');
    yield request;
  }
}
