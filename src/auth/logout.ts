import type { SignedInCaller } from '../caller.ts';
import type { AuthFunctions, LogoutScope } from '../db/auth-functions.ts';
import type { Blacklist } from '../redis/blacklist.ts';
import type { ConfirmRevocation } from '../revocation/confirm.ts';
import { LEEWAY } from '../tokens/access-token-verifier.ts';

type LogoutDeps = {
  readonly auth: Pick<AuthFunctions, 'logout'>;
  readonly confirmRevocation: ConfirmRevocation;
  readonly blacklist: Blacklist | null;
  readonly onProblem: (error: unknown) => void;
};

type LogoutInput = { readonly scope: LogoutScope };
type LoggedOut = { readonly endedSessions: number; readonly revision: number };

/** Ends sessions of the caller. Resolves when no replica accepts their access tokens any more. */
export function createLogout({ auth, confirmRevocation, blacklist, onProblem }: LogoutDeps) {
  return async function logout({ scope }: LogoutInput, { user }: SignedInCaller): Promise<LoggedOut> {
    const committed = await auth.logout({
      userId: user.userId,
      sessionId: user.sessionId,
      scope,
      tokenId: user.tokenId,
      tokenExpiresAt: new Date(user.tokenExpiresAt),
    });
    await Promise.all([
      confirmRevocation(committed),
      // A Redis that is away costs the projection an entry, never the caller his logout.
      scope === 'others' ? undefined : blacklist?.add(user.tokenId, user.tokenExpiresAt + LEEWAY).catch(onProblem),
    ]);
    return { endedSessions: committed.ended, revision: committed.revision };
  };
}

export type Logout = ReturnType<typeof createLogout>;
