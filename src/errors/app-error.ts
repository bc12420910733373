import type { Reason } from './reasons.ts';

/** A field of the request that is wrong: its snake_case path and what it should be. */
export type FieldViolation = { readonly field: string; readonly description: string };

type Details = {
  /** Public: short machine-readable facts, such as which contact type clashed. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Public: the fields that are wrong. */
  readonly violations?: readonly FieldViolation[];
  /** Public: when a repeat makes sense, in milliseconds from now. */
  readonly retryAfter?: number;
  /** For the log only. */
  readonly cause?: unknown;
};

/** A refusal with a reason from the catalogue. What callers read of it is the catalogue's text, never this message. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly reason: Reason;
  readonly details: Details;

  constructor(reason: Reason, details: Details = {}) {
    super(reason, { cause: details.cause });
    this.reason = reason;
    this.details = details;
  }
}
