import { Code, ConnectError } from '@connectrpc/connect';
import { expect, it } from 'vitest';
import { failureOf, reasonOf } from '../../../src/web/calls/failure.ts';
import { RetryInfoSchema } from '../../../src/gen/web/google/rpc/error_details_pb.js';
import { refusal } from './service.ts';

it.each([
  [40, 0, 40],
  [40, 1, 41],
  [0, 1_000_000, 1],
])('Whoever is to come back in %i s and %i ns is told %i s, never too few', (seconds, nanos, told) => {
  const value = { retryDelay: { seconds: BigInt(seconds), nanos } };
  const error = new ConnectError('slowly', Code.ResourceExhausted, undefined, [{ desc: RetryInfoSchema, value }]);
  expect(failureOf(error).retryAfter).toBe(told);
});

it('Where a call is refused by plain HTTP, its reason is in a header', () => {
  const refused = new ConnectError('HTTP 403', Code.PermissionDenied, { 'x-auth-reason': 'ORIGIN_NOT_ALLOWED' });
  expect(reasonOf(refused)).toBe('ORIGIN_NOT_ALLOWED');
  expect(failureOf(refused).reason).toBe('ORIGIN_NOT_ALLOWED');
  expect(reasonOf(new ConnectError('HTTP 502', Code.Unavailable))).toBeNull();
});

it('The reason in the details goes before one in a header', () => {
  const headers = { 'x-auth-reason': 'ORIGIN_NOT_ALLOWED' };
  expect(reasonOf(refusal('RATE_LIMITED', Code.ResourceExhausted, headers))).toBe('RATE_LIMITED');
});
