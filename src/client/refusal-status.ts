import { Status } from 'nice-grpc-common';
import { ErrorInfo, RichServerError } from 'nice-grpc-error-details';
import { ERROR_DOMAIN } from './error-reason.ts';
import type { Refused } from './identify.ts';

/** How a call that is not let through ends: as the auth service ends its own. */
export function refusalStatus(identity: Refused): RichServerError {
  const withReason = (reason: string) => [ErrorInfo.fromPartial({ reason, domain: ERROR_DOMAIN })];
  if ('problem' in identity) {
    const { reason, message } = identity.problem;
    return new RichServerError(Status.UNAUTHENTICATED, message, withReason(reason));
  }
  const { reason } = identity.unavailable;
  return new RichServerError(Status.UNAVAILABLE, 'A dependency is unavailable; try again.', withReason(reason));
}
