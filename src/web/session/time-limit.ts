import type { Interceptor } from '@connectrpc/connect';

/** Milliseconds after which an attempt is given up; a login takes part of a second. */
const LIMIT = 20_000;

/**
 * For each attempt, and so the innermost: a call that is repeated, after a person has typed his password perhaps, begins anew. (The
 * transport's `defaultTimeoutMs` is for all attempts together.)
 */
export const timeLimit: Interceptor = (next) => (request) => {
  request.header.set('grpc-timeout', `${LIMIT}m`);
  return next({ ...request, signal: AbortSignal.any([request.signal, AbortSignal.timeout(LIMIT)]) });
};
