import type { SignedInCaller } from '../caller.ts';
import type { UserFunctions } from '../db/user-functions.ts';
import type { ConfirmRevocation } from '../revocation/confirm.ts';
import { readUserId } from './user-ids.ts';

type RevokeUserTokensDeps = {
  readonly users: Pick<UserFunctions, 'revokeUserTokens'>;
  readonly confirmRevocation: ConfirmRevocation;
};

type RevokedTokens = { readonly endedSessions: number; readonly revision: number };

/** Revokes all that was handed out to a user. Resolves when no replica accepts his access tokens any more. */
export function createRevokeUserTokens({ users, confirmRevocation }: RevokeUserTokensDeps) {
  return async function revokeUserTokens(input: { userId: string }, { user }: SignedInCaller): Promise<RevokedTokens> {
    const committed = await users.revokeUserTokens({ actor: user.userId, userId: readUserId(input.userId) });
    await confirmRevocation(committed);
    return { endedSessions: committed.ended, revision: committed.revision };
  };
}

export type RevokeUserTokens = ReturnType<typeof createRevokeUserTokens>;
