import type { AccessRules } from '../grpc/access.ts';
import type { SharedChainDeps } from '../grpc/chain.ts';
import { createPlaces } from '../grpc/places.ts';
import { createRateLimiter } from '../grpc/rate-limiter.ts';
import type { Ground } from './ground.ts';
import type { Stores } from './stores.ts';
import type { Shared } from './shared.ts';

/** What calls pass at both doors. */
export function createSharedChain(
  { config, logger, clock, primary }: Ground,
  { functions: { accounts, auth }, redis }: Stores,
  { validateToken }: Shared,
  rules: AccessRules,
): SharedChainDeps {
  const limits = { redis, isWorker: primary !== null };
  const availabilityLimiter = createRateLimiter({
    ...limits,
    name: 'availability-checks',
    callsPerMinute: config.AVAILABILITY_CHECKS_PER_MINUTE,
  });
  const roleChangeLimiter = createRateLimiter({
    ...limits,
    name: 'role-changes',
    callsPerMinute: config.ROLE_CHANGES_PER_MINUTE,
  });
  return {
    rules,
    logger,
    clock,
    places: createPlaces({ maxInFlight: config.MAX_CALLS_IN_FLIGHT }),
    limiter: createRateLimiter({ ...limits, name: 'calls', callsPerMinute: config.PUBLIC_CALLS_PER_MINUTE }),
    userLimiter: createRateLimiter({ ...limits, name: 'user-calls', callsPerMinute: config.USER_CALLS_PER_MINUTE }),
    methodLimiters: new Map([
      // Both say whether a contact is taken.
      ['/accounts.v1.AccountsService/CheckAvailability', availabilityLimiter],
      ['/accounts.v1.AccountsService/AddContact', availabilityLimiter],
      // Every refusal is written down.
      ['/accounts.v1.RolesService/GrantRole', roleChangeLimiter],
      ['/accounts.v1.RolesService/RevokeRole', roleChangeLimiter],
      ['/accounts.v1.OrganisationsService/InviteMember', roleChangeLimiter],
      [
        '/accounts.v1.SupportService/FindUser',
        createRateLimiter({ ...limits, name: 'support-looks', callsPerMinute: config.SUPPORT_LOOKS_PER_MINUTE }),
      ],
      [
        '/auth.v1.AuthService/StartGuestSession',
        createRateLimiter({ ...limits, name: 'guests', callsPerMinute: config.GUESTS_PER_MINUTE }),
      ],
    ]),
    validateToken,
    checkPermission: (input) => accounts.checkPermission(input),
    isRecentLogin: (sessionId, maxAge) => auth.isRecentLogin(sessionId, maxAge),
    anonymousInterfaces: config.ANONYMOUS_INTERFACES,
    defaultLanguage: config.DEFAULT_LANGUAGE,
  };
}
