import { MethodOptions_IdempotencyLevel } from '@bufbuild/protobuf/wkt';
import type { Interceptor } from '@connectrpc/connect';
import { LostAnswer, reasonOf } from './failure.ts';

/**
 * Where the service has not answered a call that changes something, it may have been done: that is kept with the error, so that
 * nobody is told that nothing has happened. Within what gets an access token: a call that has waited for one in vain was not sent.
 */
export const lostAnswers: Interceptor = (next) => async (request) => {
  try {
    return await next(request);
  } catch (error) {
    const isRead = request.method.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS;
    if (isRead || reasonOf(error) !== null) throw error;
    throw new LostAnswer(`Nobody knows whether ${request.method.name} was done.`, { cause: error });
  }
};
