import type { SignedInCaller } from '../caller.ts';
import type { UserFunctions } from '../db/user-functions.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import type { ConfirmRevocation } from '../revocation/confirm.ts';
import { isUuid } from '../tokens/uuid.ts';

type EndUserSessionsDeps = {
  readonly users: Pick<UserFunctions, 'endUserSessions'>;
  readonly confirmRevocation: ConfirmRevocation;
};

/** `sessionId` empty: all of them. */
type EndUserSessionsInput = { readonly userId: string; readonly sessionId: string };
type EndedSessions = { readonly endedSessions: number; readonly revision: number };

/** Ends one session of a user, or all. Resolves when no replica accepts their access tokens any more. */
export function createEndUserSessions({ users, confirmRevocation }: EndUserSessionsDeps) {
  return async function endUserSessions(
    { userId, sessionId }: EndUserSessionsInput,
    { user }: SignedInCaller,
  ): Promise<EndedSessions> {
    const check = createFieldCheck();
    if (!isUuid(userId)) check.refuse('user_id', 'must be a UUID');
    if (sessionId !== '' && !isUuid(sessionId)) check.refuse('session_id', 'must be a UUID, or left out');
    check.throwIfAny();

    const committed = await users.endUserSessions({ actor: user.userId, userId, sessionId: sessionId || null });
    await confirmRevocation(committed);
    return { endedSessions: committed.ended, revision: committed.revision };
  };
}

export type EndUserSessions = ReturnType<typeof createEndUserSessions>;
