import { ErrorInfo, RichClientError } from 'nice-grpc-error-details';

/** The domain of the auth service's reasons in google.rpc.ErrorInfo. */
export const ERROR_DOMAIN = 'auth-service';

/** The reason of the catalogue that a call ended with; null if it ended otherwise. Needs errorDetailsClientMiddleware. */
export function reasonOf(error: unknown): string | null {
  if (!(error instanceof RichClientError)) return null;
  for (const detail of error.extra) {
    if (detail.$type === ErrorInfo.$type && detail.domain === ERROR_DOMAIN) return detail.reason;
  }
  return null;
}
