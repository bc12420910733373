import type { Freshness, Knowledge, Validation } from '../../auth/validate-token.ts';
import { AppError } from '../../errors/app-error.ts';
import { reasons } from '../../errors/reasons.ts';
import { DecisionSource } from '../../gen/auth/v1/consistency.ts';
import type { Consistency } from '../../gen/auth/v1/consistency.ts';
import { ErrorReason } from '../../gen/auth/v1/error_reason.ts';

export function toSource(source: Knowledge['source']): DecisionSource {
  if (source === null) return DecisionSource.UNSPECIFIED;
  return source === 'memory' ? DecisionSource.MEMORY : DecisionSource.POSTGRESQL;
}

export function toFreshness(consistency: Consistency | undefined): Freshness {
  const requirement = consistency?.requirement;
  switch (requirement?.$case) {
    case 'fullyConsistent':
      return requirement.value ? 'now' : 'lease';
    case 'atLeastAsFresh':
      if (requirement.value < 0) {
        const violation = { field: 'consistency.at_least_as_fresh', description: 'must not be negative' };
        throw new AppError('INVALID_REQUEST', { violations: [violation] });
      }
      return { revision: requirement.value };
    default:
      return 'lease';
  }
}

/** The `oneof` of an answer: a principal, or a problem that carries nothing of the token. */
export function toResult(validation: Validation) {
  if (typeof validation === 'string') {
    return { $case: 'problem' as const, value: toProblem(validation) };
  }
  const { userId, sessionId, tokenId, roles, issuedAt, expiresAt } = validation;
  const principal = {
    userId,
    sessionId,
    tokenId,
    roles: [...roles],
    issueTime: new Date(issuedAt),
    expireTime: new Date(expiresAt),
  };
  return { $case: 'principal' as const, value: principal };
}

export function toProblem(reason: Extract<Validation, string>) {
  return { reason: ErrorReason[reason], message: reasons[reason].text };
}
