import { BadRequest, ErrorInfo, RequestInfo, RetryInfo } from 'nice-grpc-error-details';
import { Status } from 'nice-grpc-common';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/errors/app-error.ts';
import { reasons } from '../../../src/errors/reasons.ts';
import type { Reason } from '../../../src/errors/reasons.ts';
import { toErrorStatus } from '../../../src/grpc/error-status.ts';

describe('What a caller sees of an error', () => {
  it.each(Object.keys(reasons) as Reason[])('%s: the words of the catalogue and the reason', (reason) => {
    const error = toErrorStatus(new AppError(reason, { cause: new Error('select * from secret') }), 'request-1');
    expect(error.code).toBe(reasons[reason].status);
    expect(error.details).toBe(reasons[reason].text);
    expect(error.extra).toContainEqual(ErrorInfo.fromPartial({ reason, domain: 'auth-service' }));
    expect(JSON.stringify(error.extra)).not.toContain('select');
    expect(error.extra.some((detail) => detail.$type === RequestInfo.$type)).toBe(reason === 'INTERNAL');
  });

  it('is which fields are wrong, and when to come back', () => {
    const violations = [{ field: 'phone', description: 'must be a phone number' }];
    const error = toErrorStatus(new AppError('RATE_LIMITED', { violations, retryAfter: 1500 }), 'request-1');
    expect(error.code).toBe(Status.RESOURCE_EXHAUSTED);
    expect(error.extra).toContainEqual(BadRequest.fromPartial({ fieldViolations: violations }));
    expect(error.extra).toContainEqual(RetryInfo.fromPartial({ retryDelay: { seconds: 1, nanos: 500_000_000 } }));
  });
});
