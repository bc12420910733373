import { composeServerMiddleware } from 'nice-grpc-common';
import type { ServerMiddleware } from 'nice-grpc-common';
import { errorDetailsServerMiddleware } from 'nice-grpc-error-details';
import { identify } from './identify.ts';
import type { AuthenticateOptions, Verify, WithOptionalPrincipal, WithPrincipal } from './identify.ts';
import { refusalStatus } from './refusal-status.ts';

/**
 * Middleware for nice-grpc: handlers find `principal` in their context. Calls without a live access token end with
 * UNAUTHENTICATED, those that cannot be decided on with UNAVAILABLE, both with the reason in google.rpc.ErrorInfo.
 */
export function authenticate(
  verifier: Verify,
  options: AuthenticateOptions & { readonly optional: true },
): ServerMiddleware<WithOptionalPrincipal>;
export function authenticate(
  verifier: Verify,
  options?: { readonly optional?: false },
): ServerMiddleware<WithPrincipal>;
export function authenticate(
  verifier: Verify,
  options: AuthenticateOptions = {},
): ServerMiddleware<WithOptionalPrincipal> {
  // Where the server has it already, details are written twice, the same.
  return composeServerMiddleware(errorDetailsServerMiddleware, async function* (call, context) {
    const identity = await identify(verifier, context.metadata.get('authorization'), options);
    if (!('principal' in identity)) throw refusalStatus(identity);
    return yield* call.next(call.request, { ...context, ...identity });
  } satisfies ServerMiddleware<WithOptionalPrincipal>);
}
