import { randomUUID } from 'node:crypto';
import { isAbortError } from 'abort-controller-x';
import { ServerError, Status } from 'nice-grpc-common';
import type { ServerMiddleware } from 'nice-grpc-common';
import type { Logger } from 'pino';
import type { Clock } from '../../clock.ts';
import { reasons } from '../../errors/reasons.ts';
import type { CallRecord, WithRecord } from '../call-record.ts';

type Deps = {
  readonly logger: Logger;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly quietMethods: ReadonlySet<string>;
};

/** Ids that callers bring are taken over if they look like ids. */
const REQUEST_ID = /^[A-Za-z0-9._-]{8,64}$/;

/**
 * Gives every call an id and, at its end, one log line. The line is made of the fields below and of nothing that a caller
 * sent: no list of things to leave out can be complete.
 */
export function createObserve({ logger, clock, quietMethods }: Deps): ServerMiddleware<WithRecord> {
  return async function* observe(call, context) {
    const startedAt = clock.monotonic();
    const given = context.metadata.get('x-request-id');
    const record: CallRecord = { requestId: given !== undefined && REQUEST_ID.test(given) ? given : randomUUID() };
    let status: Status = Status.OK;
    try {
      return yield* call.next(call.request, { ...context, record });
    } catch (error) {
      status = error instanceof ServerError ? error.code : isAbortError(error) ? Status.CANCELLED : Status.UNKNOWN;
      throw error;
    } finally {
      const level = record.reason
        ? reasons[record.reason].level
        : quietMethods.has(call.method.path)
          ? 'debug'
          : 'info';
      if (logger.isLevelEnabled(level)) {
        logger[level](
          {
            method: call.method.path,
            requestId: record.requestId,
            status: Status[status],
            reason: record.reason,
            service: record.service,
            userId: record.userId,
            milliseconds: Math.round((clock.monotonic() - startedAt) * 100) / 100,
            ...(record.cause === undefined ? {} : { err: record.cause }),
          },
          'call',
        );
      }
    }
  };
}
