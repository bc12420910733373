import { Code, ConnectError } from '@connectrpc/connect';
import { expect, it } from 'vitest';
import { failureOf } from '../../../src/web/calls/failure.ts';
import { RetryInfoSchema } from '../../../src/gen/web/google/rpc/error_details_pb.js';

it.each([
  [40, 0, 40],
  [40, 1, 41],
  [0, 1_000_000, 1],
])('Whoever is to come back in %i s and %i ns is told %i s, never too few', (seconds, nanos, told) => {
  const value = { retryDelay: { seconds: BigInt(seconds), nanos } };
  const error = new ConnectError('slowly', Code.ResourceExhausted, undefined, [{ desc: RetryInfoSchema, value }]);
  expect(failureOf(error).retryAfter).toBe(told);
});
