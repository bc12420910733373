import type { SignedInCaller } from '../caller.ts';
import type { SessionFunctions } from '../db/session-functions.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import { readId } from '../fields/ids.ts';
import type { ConfirmRevocation } from '../revocation/confirm.ts';

type EndSessionDeps = {
  readonly sessions: Pick<SessionFunctions, 'endSession'>;
  readonly confirmRevocation: ConfirmRevocation;
};

type EndSessionInput = { readonly sessionId: string };
type EndedSession = { readonly revision: number };

/** Ends one of the caller's sessions. Resolves when no replica accepts its access tokens any more. */
export function createEndSession({ sessions, confirmRevocation }: EndSessionDeps) {
  return async function endSession(input: EndSessionInput, { user }: SignedInCaller): Promise<EndedSession> {
    const check = createFieldCheck();
    const sessionId = readId(check, 'session_id', input.sessionId);
    check.throwIfAny();

    const committed = await sessions.endSession(user.userId, sessionId);
    await confirmRevocation(committed);
    return { revision: committed.revision };
  };
}

export type EndSession = ReturnType<typeof createEndSession>;
