import { AppError } from '../errors/app-error.ts';
import { reasons } from '../errors/reasons.ts';
import type { Reason } from '../errors/reasons.ts';

/** The SQLSTATE class in which our functions raise reasons of the catalogue; no other software uses it. */
const OUR_SQLSTATE = 'AU001';

/** feature_not_supported, as which PostgreSQL reports that what a prepared call returns was changed by a migration. */
const STALE_PLAN = { code: '0A000', text: 'cached plan must not change result type' };

// Class 08 (connection), 57 (operator intervention: shutdown, cancel, statement timeout), 53 (resources), 40 (deadlock and
// serialisation: rolled back, a repeat succeeds) and 55P03 (lock timeout). All mean: nothing was decided, ask again.
const UNDECIDED_SQLSTATE = /^(08...|57...|53...|40...|55P03)$/;

/** Turns what the driver throws into an error that may travel. SQL text, SQLSTATEs and names stay in its cause. */
export function fromDatabaseError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code, detail, constraint } = error as Error & { code?: string; detail?: string; constraint?: string };

  if (code === OUR_SQLSTATE && error.message in reasons) {
    // `retry_after_seconds` is told as RetryInfo; everything else is metadata, whose values are texts.
    const { retry_after_seconds: seconds, ...facts } = JSON.parse(detail || '{}') as Record<string, string | number>;
    const metadata = Object.entries(facts).map(([name, value]) => [name, String(value)]);
    // No cause: a refusal is no trouble, and its stack says nothing.
    return new AppError(error.message as Reason, {
      ...(metadata.length > 0 ? { metadata: Object.fromEntries(metadata) as Record<string, string> } : {}),
      ...(typeof seconds === 'number' ? { retryAfter: seconds * 1000 } : {}),
    });
  }
  if (constraint === 'users_profile_size') {
    // Small as JSON and large in the database, which writes numbers out: 1e300 has 301 digits.
    const violation = { field: 'profile', description: 'must be smaller: its numbers have too many digits' };
    return new AppError('INVALID_REQUEST', { violations: [violation], cause: error });
  }
  if (isStalePlan(error)) return new AppError('DEPENDENCY_UNAVAILABLE', { cause: error, retryAfter: 1000 });
  // A defect on our side of the driver is none of the database's.
  if (error instanceof TypeError || error instanceof RangeError) return error;
  // The driver's own failures (refused, reset, timed out) carry no SQLSTATE.
  const isFromServer = code !== undefined && /^[0-9A-Z]{5}$/.test(code) && 'severity' in error;
  if (!isFromServer || UNDECIDED_SQLSTATE.test(code)) {
    return new AppError('DEPENDENCY_UNAVAILABLE', { cause: error, retryAfter: 1000 });
  }
  return error;
}

/** Whether a connection has to be given up: what it has prepared was made before a migration, and fails each time. */
export function isStalePlan(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (error as { code?: string }).code === STALE_PLAN.code && error.message === STALE_PLAN.text;
}
