/**
 * A token that could not be decided on: the auth service could not be asked, and what is known here is too old. Nothing is
 * said about the token; ask again. It stands for the status UNAVAILABLE and is never a reason to log anybody out.
 */
export class VerificationUnavailableError extends Error {
  override readonly name = 'VerificationUnavailableError';
  readonly reason = 'DEPENDENCY_UNAVAILABLE';

  constructor(cause?: unknown) {
    super('Nothing can be said about access tokens: the auth service is out of reach.', { cause });
  }
}

/** The auth service refused the refresh token: the session is over, and its user has to log in again. */
export class RefreshRefusedError extends Error {
  override readonly name = 'RefreshRefusedError';
  /** Why, by the names of the catalogue: `REFRESH_TOKEN_EXPIRED`, `REFRESH_TOKEN_REUSED`, `SESSION_ENDED` ... */
  readonly reason: string;

  constructor(reason: string, cause?: unknown) {
    super(`The refresh token was refused: ${reason}.`, { cause });
    this.reason = reason;
  }
}

/** A stream of the auth service that does not keep its contract. */
export class StreamOrderError extends Error {
  override readonly name = 'StreamOrderError';
}
