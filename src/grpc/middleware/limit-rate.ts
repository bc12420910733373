import type { ServerMiddleware } from 'nice-grpc-common';
import { RateLimiterRes } from 'rate-limiter-flexible';
import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import { AppError } from '../../errors/app-error.ts';
import { Access } from '../../gen/auth/options/v1/access.ts';
import type { AccessRules } from '../access.ts';
import type { WithCaller } from './authorize.ts';

type Limiter = Pick<RateLimiterAbstract, 'consume'>;

type Deps = {
  readonly rules: AccessRules;
  readonly limiter: Limiter;
  /** Of methods, by their paths, that are bounded more tightly, beside all calls. */
  readonly methodLimiters: ReadonlyMap<string, Limiter>;
};

/**
 * Bounds PUBLIC calls per address of a person. It stands behind the identification of the caller, which is cheap: only there
 * it is known whether an address is a person's or that of a service which forwards none.
 */
export function createLimitRate({ rules, limiter, methodLimiters }: Deps): ServerMiddleware<object, WithCaller> {
  return async function* limitRate(call, context) {
    const { network } = context.caller;
    if (network !== null && rules.get(call.method.path)?.access === Access.PUBLIC) {
      await take(limiter, network);
      const methodLimiter = methodLimiters.get(call.method.path);
      if (methodLimiter) await take(methodLimiter, network);
    }
    return yield* call.next(call.request, context);
  };
}

async function take(limiter: Limiter, network: string): Promise<void> {
  await limiter.consume(network).catch((refusal: unknown) => {
    // A limiter that cannot count lets calls through (security model, section 7).
    if (refusal instanceof RateLimiterRes) throw new AppError('RATE_LIMITED', { retryAfter: refusal.msBeforeNext });
  });
}
