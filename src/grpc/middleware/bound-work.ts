import type { ServerMiddleware } from 'nice-grpc-common';
import { AppError } from '../../errors/app-error.ts';
import { isMalformed } from '../decoding.ts';
import { throwFailure } from '../failed-request.ts';
import type { Places } from '../places.ts';
import type { StreamEnder } from './end-streams.ts';

type Deps = { readonly places: Places; readonly streams: Pick<StreamEnder, 'untilStop'> };

/**
 * Refuses what is not worth beginning: undecodable requests, and calls beyond the number that may be under way. HTTP/2's own
 * limit on streams does not bound handlers: a client that resets its streams at once has them run all the same.
 */
export function createBoundWork({ places, streams }: Deps): ServerMiddleware {
  return async function* boundWork(call, context) {
    throwFailure(call.request);
    if (!call.requestStream && isMalformed(call.request)) throw new AppError('MALFORMED_MESSAGE');
    const request = call.requestStream ? refuseMalformed(streams.untilStop(call.request)) : call.request;
    const leave = places.take(call.responseStream || call.requestStream ? 'streams' : 'calls');
    if (!leave) throw new AppError('OVERLOADED', { retryAfter: 1000 });
    try {
      return yield* call.next(request, context);
    } finally {
      leave();
    }
  };
}

async function* refuseMalformed<Request>(requests: AsyncIterable<Request>): AsyncIterable<Request> {
  for await (const request of requests) {
    throwFailure(request);
    if (isMalformed(request)) throw new AppError('MALFORMED_MESSAGE');
    yield request;
  }
}
