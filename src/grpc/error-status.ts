import { BadRequest, ErrorInfo, RequestInfo, RetryInfo, RichServerError } from 'nice-grpc-error-details';
import type { ErrorDetails } from 'nice-grpc-error-details';
import type { AppError } from '../errors/app-error.ts';
import { reasons } from '../errors/reasons.ts';

/** The domain of our reasons in google.rpc.ErrorInfo. */
const ERROR_DOMAIN = 'auth-service';

/** What a caller sees of an error: the catalogue's words, and details that a program can read (google.rpc.Status). */
export function toErrorStatus({ reason, details }: AppError, requestId: string): RichServerError {
  const { status, text } = reasons[reason];
  const extra: ErrorDetails[] = [
    ErrorInfo.fromPartial({ reason, domain: ERROR_DOMAIN, metadata: { ...details.metadata } }),
  ];
  if (details.violations) extra.push(BadRequest.fromPartial({ fieldViolations: [...details.violations] }));
  if (details.retryAfter !== undefined) {
    const seconds = Math.floor(details.retryAfter / 1000);
    extra.push(RetryInfo.fromPartial({ retryDelay: { seconds, nanos: (details.retryAfter % 1000) * 1e6 } }));
  }
  if (reason === 'INTERNAL') extra.push(RequestInfo.fromPartial({ requestId }));
  return new RichServerError(status, text, extra);
}
