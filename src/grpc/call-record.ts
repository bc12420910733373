import type { Reason } from '../errors/reasons.ts';

/** What is noted of a call on its way, for the log line at its end. */
export type CallRecord = {
  readonly requestId: string;
  service?: string;
  userId?: string;
  reason?: Reason;
  /** What was behind a refusal or a defect; for the log only. */
  cause?: unknown;
};

/** What the outermost middleware gives to those inside it. */
export type WithRecord = { readonly record: CallRecord };
