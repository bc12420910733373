import { ConnectError } from '@connectrpc/connect';
import type { ErrorReason } from '../../gen/web/auth/v1/error_reason_pb.js';
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from '../../gen/web/google/rpc/error_details_pb.js';

/** The reasons of the catalogue, by name. */
export type Reason = Exclude<keyof typeof ErrorReason, 'UNSPECIFIED'>;

/** Why a call has failed, as views show it. */
export type Failure = {
  /** One that this page does not know yet is possible, too. Null: the service has not answered, or something in between has. */
  readonly reason: Reason | null;
  /** Without a reason: whether what was asked for may have been done. */
  readonly isOutcomeUnknown: boolean;
  /** In the words of the service. */
  readonly message: string;
  /** By field of the request: what the service has to say of it. */
  readonly fields: ReadonlyMap<string, string>;
  /** Seconds after which it may be tried again. */
  readonly retryAfter: number | null;
  /** Tries of a code that are left. */
  readonly triesLeft: number | null;
  /** What else the reason says of itself, by the names of the contract. */
  readonly metadata: Readonly<Record<string, string>>;
};

/** The cause of an error: no answer has come to a call that changes something. */
export class LostAnswer extends Error {}

/** What names the reason where a call is refused before it is one: the answer is plain HTTP then, without details. */
const REASON_HEADER = 'x-auth-reason';

/** The reason of an error, by which programs decide; never by its text. */
export function reasonOf(error: unknown): Reason | null {
  if (!(error instanceof ConnectError)) return null;
  const [info] = error.findDetails(ErrorInfoSchema);
  return ((info?.reason ?? error.metadata.get(REASON_HEADER)) as Reason | null | undefined) ?? null;
}

export function failureOf(error: unknown): Failure {
  const connectError = ConnectError.from(error);
  const [info] = connectError.findDetails(ErrorInfoSchema);
  const [request] = connectError.findDetails(BadRequestSchema);
  const [retry] = connectError.findDetails(RetryInfoSchema);
  const triesLeft = info?.metadata['tries_left'];
  return {
    reason: reasonOf(connectError),
    isOutcomeUnknown: connectError.cause instanceof LostAnswer,
    message: connectError.rawMessage,
    fields: new Map(request?.fieldViolations.map(({ field, description }) => [field, description])),
    retryAfter: retry?.retryDelay ? Number(retry.retryDelay.seconds) + (retry.retryDelay.nanos > 0 ? 1 : 0) : null,
    triesLeft: triesLeft === undefined ? null : Number(triesLeft),
    metadata: info?.metadata ?? {},
  };
}
