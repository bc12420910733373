import { isAbortError } from 'abort-controller-x';
import { ServerError } from 'nice-grpc-common';
import type { ServerMiddleware } from 'nice-grpc-common';
import { AppError } from '../../errors/app-error.ts';
import type { WithRecord } from '../call-record.ts';
import { toErrorStatus } from '../error-status.ts';

/**
 * The one place where errors become statuses. Anything that is not a refusal of ours is INTERNAL to the caller and whole in
 * the log; nothing passes as it is, because nice-grpc prints errors it does not know to stderr.
 */
export function createMapErrors(): ServerMiddleware<object, WithRecord> {
  return async function* mapErrors(call, context) {
    try {
      return yield* call.next(call.request, context);
    } catch (error) {
      // Statuses of the health and reflection services, and calls that were cancelled, are as they should be.
      if (error instanceof ServerError || (isAbortError(error) && context.signal.aborted)) throw error;
      const refusal = error instanceof AppError ? error : new AppError('INTERNAL', { cause: error });
      context.record.reason = refusal.reason;
      context.record.cause = refusal.details.cause;
      throw toErrorStatus(refusal, context.record.requestId);
    }
  };
}
