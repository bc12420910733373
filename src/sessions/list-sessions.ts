import type { SignedInCaller } from '../caller.ts';
import type { SessionFunctions } from '../db/session-functions.ts';
import type { DescribeSession, DescribedSession } from './describe-session.ts';

type ListSessionsDeps = {
  readonly sessions: Pick<SessionFunctions, 'listSessions'>;
  readonly describeSession: DescribeSession;
};

type ListedSession = DescribedSession & { readonly isCurrent: boolean };

/** The caller's live sessions: this one first, then by last activity. */
export function createListSessions({ sessions, describeSession }: ListSessionsDeps) {
  return async function listSessions({ user }: SignedInCaller): Promise<readonly ListedSession[]> {
    const stored = await sessions.listSessions(user.userId, user.sessionId);
    return stored.map((session) => ({ ...describeSession(session), isCurrent: session.id === user.sessionId }));
  };
}

export type ListSessions = ReturnType<typeof createListSessions>;
