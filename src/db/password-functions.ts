import type { CommittedRevocation } from './auth-functions.ts';
import type { CallFunction } from './call-function.ts';
import { committedRevocation } from './committed-revocation.ts';
import type { RevocationRow } from './committed-revocation.ts';

/** Of somebody who is active. */
type StoredPassword = {
  /** null: he has none. */
  readonly hash: string | null;
  readonly isGuest: boolean;
  /** His own entries, which his password must not be. */
  readonly names: readonly string[];
};

/** Sessions that were ended with a password. */
export type EndedSessions = CommittedRevocation & { readonly ended: number };

export type PasswordFunctions = ReturnType<typeof createPasswordFunctions>;

/** Passwords. What each function does is said in sql/functions/accounts. */
export function createPasswordFunctions(call: CallFunction) {
  type Row = RevocationRow & { ended: number };
  const endedSessions = (row: Row | undefined): EndedSessions | null =>
    row ? { ended: row.ended, ...committedRevocation(row) } : null;

  return {
    /** null for a user who is not active any more. */
    async getPassword(userId: string): Promise<StoredPassword | null> {
      const [row] = await call<{ password_hash: string | null; is_guest: boolean; names: string[] }>(
        'accounts.get_password',
        [userId],
      );
      return row ? { hash: row.password_hash, isGuest: row.is_guest, names: row.names } : null;
    },

    /** null when the old hash is not that of the password any more: nothing was changed. */
    async changePassword(change: {
      userId: string;
      /** The one that goes on. */
      sessionId: string;
      oldHash: string;
      newHash: string;
      language: string;
    }): Promise<EndedSessions | null> {
      const args = [change.userId, change.sessionId, change.oldHash, change.newHash, change.language];
      const [row] = await call<Row>('accounts.change_password', args);
      return endedSessions(row);
    },

    async setPassword(first: { userId: string; sessionId: string; newHash: string; language: string }): Promise<void> {
      await call('accounts.set_password', [first.userId, first.sessionId, first.newHash, first.language]);
    },

    /** null for a user who is not active any more. */
    async resetPassword(reset: { userId: string; newHash: string; language: string }): Promise<EndedSessions | null> {
      const [row] = await call<Row>('accounts.reset_password', [reset.userId, reset.newHash, reset.language]);
      return endedSessions(row);
    },
  };
}
