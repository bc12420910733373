import { BadRequest, ErrorInfo, RequestInfo, RetryInfo, RichClientError } from 'nice-grpc-error-details';
import { Status } from 'nice-grpc';

/** What a caller sees of a refusal. */
export type Refusal = {
  readonly status: string;
  readonly reason: string | undefined;
  readonly domain: string | undefined;
  readonly metadata: Record<string, string>;
  /** snake_case paths, sorted. */
  readonly fields: readonly string[];
  readonly retryAfterSeconds: number | undefined;
  readonly requestId: string | undefined;
  readonly text: string;
};

/** The refusal that a call ends with. A call that succeeds, or fails without details, fails the test. */
export async function refusalOf(call: Promise<unknown>): Promise<Refusal> {
  const error: unknown = await call.then(
    (answer) => {
      throw new Error(`The call was not refused; it answered ${JSON.stringify(answer)}`);
    },
    (reason: unknown) => reason,
  );
  if (!(error instanceof RichClientError)) throw error;
  const find = <T>($type: string) => error.extra.find((detail) => detail.$type === $type) as T | undefined;
  const info = find<ErrorInfo>(ErrorInfo.$type);
  const retry = find<RetryInfo>(RetryInfo.$type);
  return {
    status: Status[error.code],
    reason: info?.reason,
    domain: info?.domain,
    metadata: info?.metadata ?? {},
    fields: (find<BadRequest>(BadRequest.$type)?.fieldViolations ?? []).map(({ field }) => field).sort(),
    retryAfterSeconds: retry?.retryDelay?.seconds,
    requestId: find<RequestInfo>(RequestInfo.$type)?.requestId,
    text: error.details,
  };
}
