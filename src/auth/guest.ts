import type { CommittedRevocation } from '../db/auth-functions.ts';
import type { DatabaseFunctions } from '../db/functions.ts';
import { AppError } from '../errors/app-error.ts';
import type { ValidateToken } from './validate-token.ts';

/** The user and session of the token that was shown as a guest's. Whether he is one, the database decides. */
export type Guest = { readonly userId: string; readonly sessionId: string };

/**
 * Reads the field guest_access_token, before anything is spent on the request; null for none.
 * @throws TOKEN_... for a token that is not live
 */
export type ReadGuest = (guestAccessToken: string) => Promise<Guest | null>;

export function createReadGuest({ validateToken }: { readonly validateToken: Pick<ValidateToken, 'one'> }): ReadGuest {
  return async function readGuest(guestAccessToken) {
    if (guestAccessToken === '') return null;
    const { validation } = await validateToken.one(guestAccessToken, 'lease');
    // The reason of a token in a field, which is not the caller's own.
    if (typeof validation === 'string') throw new AppError(validation, { metadata: { field: 'guest_access_token' } });
    return { userId: validation.userId, sessionId: validation.sessionId };
  };
}

/**
 * Ends a guest who has logged in to an account. The last call of the login's transaction; its result is awaited with
 * `confirmRevocation` after the commit.
 * @throws GUEST_TOKEN_REQUIRED for somebody who is no guest, or none any more; TOKEN_REVOKED if his session has ended
 */
export function linkGuest(
  { guests }: Pick<DatabaseFunctions, 'guests'>,
  guest: Guest,
  account: { readonly userId: string; readonly sessionId: string },
): Promise<CommittedRevocation> {
  return guests.linkGuest({
    guestUserId: guest.userId,
    guestSessionId: guest.sessionId,
    userId: account.userId,
    sessionId: account.sessionId,
  });
}

/**
 * Ends the sessions of a guest whose user `accounts.createUserWithRelations({ ..., guest })` has made an account of, but
 * the new one. The last call of that transaction; its result is awaited with `confirmRevocation` after the commit.
 */
export function upgradeGuest(
  { guests }: Pick<DatabaseFunctions, 'guests'>,
  guest: Guest,
  newSessionId: string,
): Promise<CommittedRevocation> {
  return guests.upgradeGuest({ userId: guest.userId, sessionId: newSessionId });
}
