import type { AppError } from '../errors/app-error.ts';

/**
 * A request that was tried in front of the chain and failed. The chain is given it in place of the request and refuses it with
 * that error, with all that goes with a refusal: status, details, a line in the log. Nothing is tried twice.
 */
const FAILURE = Symbol('failure');

export type FailedRequest = { readonly [FAILURE]: unknown };

export function failedRequest(error: unknown): FailedRequest {
  return { [FAILURE]: error };
}

export function isFailedRequest(request: object): request is FailedRequest {
  return FAILURE in request;
}

/** @throws the error of a failed request */
export function throwFailure(request: unknown): void {
  if (typeof request === 'object' && request !== null && isFailedRequest(request)) throw request[FAILURE] as AppError;
}
