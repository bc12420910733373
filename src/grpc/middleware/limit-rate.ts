import type { ServerMiddleware } from 'nice-grpc-common';
import { RateLimiterRes } from 'rate-limiter-flexible';
import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import { AppError } from '../../errors/app-error.ts';
import { Access } from '../../gen/auth/options/v1/access.ts';
import type { AccessRules } from '../access.ts';
import type { WithCaller } from './authorize.ts';

type Limiter = Pick<RateLimiterAbstract, 'consume'>;

export type LimitRateDeps = {
  readonly rules: AccessRules;
  readonly limiter: Limiter;
  readonly userLimiter: Limiter;
  /** Of methods, by their paths, that are bounded more tightly, beside all calls. */
  readonly methodLimiters: ReadonlyMap<string, Limiter>;
};

/** Whoever has got hold of a token must not be able to keep its owner from ending it. */
const NEVER_REFUSED = new Set([
  '/auth.v1.AuthService/Logout',
  '/auth.v1.SessionsService/EndSession',
  '/auth.v1.SessionsService/EndOtherSessions',
]);

/**
 * Bounds PUBLIC calls per address of a person, and those of users, USER and ADMIN, per user. It stands behind the identification of the caller, which
 * is cheap: only there it is known whether an address is a person's or that of a service which forwards none.
 */
export function createLimitRate({
  rules,
  limiter,
  userLimiter,
  methodLimiters,
}: LimitRateDeps): ServerMiddleware<object, WithCaller> {
  return async function* limitRate(call, context) {
    const { network, user } = context.caller;
    const access = rules.get(call.method.path)?.access;
    const isOfUser = access === Access.USER || access === Access.ADMIN;
    const key = access === Access.PUBLIC ? network : isOfUser ? (user?.userId ?? null) : null;
    if (key !== null && !NEVER_REFUSED.has(call.method.path)) {
      await take(isOfUser ? userLimiter : limiter, key);
      const methodLimiter = methodLimiters.get(call.method.path);
      if (methodLimiter) await take(methodLimiter, key);
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
