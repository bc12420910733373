import type { SignedInCaller } from '../caller.ts';
import type { UserFunctions } from '../db/user-functions.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import { readId, readOptionalId } from '../fields/ids.ts';
import type { ConfirmRevocation } from '../revocation/confirm.ts';

type EndUserSessionsDeps = {
  readonly users: Pick<UserFunctions, 'endUserSessions'>;
  readonly confirmRevocation: ConfirmRevocation;
};

/** `sessionId` empty: all of them. */
type EndUserSessionsInput = { readonly userId: string; readonly sessionId: string };
type EndedSessions = { readonly endedSessions: number; readonly revision: number };

/** Ends one session of a user, or all. Resolves when no replica accepts their access tokens any more. */
export function createEndUserSessions({ users, confirmRevocation }: EndUserSessionsDeps) {
  return async function endUserSessions(input: EndUserSessionsInput, { user }: SignedInCaller): Promise<EndedSessions> {
    const check = createFieldCheck();
    const userId = readId(check, 'user_id', input.userId);
    const sessionId = readOptionalId(check, 'session_id', input.sessionId);
    check.throwIfAny();

    const committed = await users.endUserSessions({ actor: user.userId, userId, sessionId });
    await confirmRevocation(committed);
    return { endedSessions: committed.ended, revision: committed.revision };
  };
}

export type EndUserSessions = ReturnType<typeof createEndUserSessions>;
