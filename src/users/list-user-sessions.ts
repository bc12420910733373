import type { SignedInCaller } from '../caller.ts';
import type { UserFunctions } from '../db/user-functions.ts';
import type { DescribedSession, DescribeSession } from '../sessions/describe-session.ts';
import { readUserId } from './user-ids.ts';

type ListUserSessionsDeps = {
  readonly users: Pick<UserFunctions, 'listUserSessions'>;
  readonly describeSession: DescribeSession;
};

type ListedSession = DescribedSession & { readonly isCurrent: boolean };

/** The live sessions of a user, by last activity. An administrator who looks at his own sees which one asks. */
export function createListUserSessions({ users, describeSession }: ListUserSessionsDeps) {
  return async function listUserSessions(
    input: { userId: string },
    { user }: SignedInCaller,
  ): Promise<readonly ListedSession[]> {
    const stored = await users.listUserSessions({ actor: user.userId, userId: readUserId(input.userId) });
    return stored.map((session) => ({ ...describeSession(session), isCurrent: session.id === user.sessionId }));
  };
}

export type ListUserSessions = ReturnType<typeof createListUserSessions>;
