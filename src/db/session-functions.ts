import type { CommittedRevocation } from './auth-functions.ts';
import type { CallFunction } from './call-function.ts';
import { committedRevocation } from './committed-revocation.ts';
import type { RevocationRow } from './committed-revocation.ts';
import { oneRow } from './one-row.ts';

export type StoredSession = {
  readonly id: string;
  readonly userAgent: string | null;
  readonly ip: string | null;
  readonly interface: string | null;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
  readonly expiresAt: Date;
};

export type SessionRow = {
  readonly id: string;
  readonly user_agent: string | null;
  readonly ip: string | null;
  readonly interface: string | null;
  readonly created_at: Date;
  readonly last_used_at: Date;
  readonly expires_at: Date;
};

export function toStoredSession({
  user_agent,
  created_at,
  last_used_at,
  expires_at,
  ...rest
}: SessionRow): StoredSession {
  return {
    ...rest,
    userAgent: user_agent,
    createdAt: created_at,
    lastUsedAt: last_used_at,
    expiresAt: expires_at,
  };
}

export type SessionFunctions = ReturnType<typeof createSessionFunctions>;

/** Sessions. What each function does is said in sql/functions/auth. */
export function createSessionFunctions(call: CallFunction) {
  return {
    /**
     * The live ones of a user, by last activity.
     * @param first the session to be before all others, if it is one of them
     */
    async listSessions(userId: string, first: string | null): Promise<readonly StoredSession[]> {
      return (await call<SessionRow>('auth.list_sessions', [userId, first])).map(toStoredSession);
    },

    /** @throws SESSION_NOT_FOUND */
    async endSession(userId: string, sessionId: string): Promise<CommittedRevocation> {
      return committedRevocation(oneRow(await call<RevocationRow>('auth.end_session', [userId, sessionId])));
    },

    /** @returns how many were written: not those that were noted within the last minute */
    async touchSessions(uses: readonly { readonly sessionId: string; readonly usedAt: Date }[]): Promise<number> {
      const row = oneRow(
        await call<{ touch_sessions: number }>('auth.touch_sessions', [
          uses.map(({ sessionId }) => sessionId),
          uses.map(({ usedAt }) => usedAt),
        ]),
      );
      return row.touch_sessions;
    },
  };
}
