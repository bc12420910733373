import type { SignedInCaller } from '../caller.ts';
import type { ProfileFunctions } from '../db/profile-functions.ts';
import type { ConfirmRevocation } from '../revocation/confirm.ts';

type DeactivateAccountDeps = {
  readonly profiles: Pick<ProfileFunctions, 'deactivateAccount'>;
  readonly confirmRevocation: ConfirmRevocation;
};

type AccountDeactivated = { readonly endedSessions: number; readonly revision: number };

/** Closes the caller's account. Resolves when no replica accepts his access tokens any more. */
export function createDeactivateAccount({ profiles, confirmRevocation }: DeactivateAccountDeps) {
  return async function deactivateAccount({ user, language }: SignedInCaller): Promise<AccountDeactivated> {
    const committed = await profiles.deactivateAccount({ userId: user.userId, language });
    await confirmRevocation(committed);
    return { endedSessions: committed.ended, revision: committed.revision };
  };
}

export type DeactivateAccount = ReturnType<typeof createDeactivateAccount>;
