import type { CommittedRevocation } from './auth-functions.ts';
import type { CallFunction } from './call-function.ts';
import { committedRevocation } from './committed-revocation.ts';
import type { RevocationRow } from './committed-revocation.ts';
import { oneRow } from './one-row.ts';
import type { ProfileChanges } from './profile-functions.ts';
import { toStoredSession } from './session-functions.ts';
import type { SessionRow, StoredSession } from './session-functions.ts';
import { toStoredUser } from './stored-user.ts';
import type { StoredUser, UserState, UserRow } from './stored-user.ts';

/** Somebody who is taken in by an administrator; null: nothing is known. */
export type NewAccount = {
  readonly contacts: readonly { readonly type: string; readonly value: string }[];
  readonly roles: readonly string[];
  readonly profile: ProfileChanges;
  readonly passwordHash: string | null;
};

/** Why somebody is not taken in from another system. */
export type ImportRefusal = {
  /** His place among those who were to be, from 1 on. */
  readonly position: number;
  readonly reason: 'INVALID_REQUEST' | 'CONTACT_TAKEN' | 'ROLE_NOT_GRANTABLE';
  /** Where it lies. */
  readonly field: string;
};

/** null: any. */
export type UserFilter = {
  readonly role: string | null;
  readonly organisationId: string | null;
  readonly state: UserState | null;
  readonly contactPrefix: string | null;
};

type Page = {
  readonly users: readonly StoredUser[];
  /** null: this was the last one. */
  readonly next: string | null;
};

/** What an administrator does to a user. */
type Act = { readonly actor: string; readonly userId: string };
/** `language`: of the request, for the notice to the owner. */
type Told = { readonly language: string };
type Ended = CommittedRevocation & { readonly ended: number };
type EndedRow = RevocationRow & { readonly ended: number };

const toEnded = (row: EndedRow): Ended => ({ ended: row.ended, ...committedRevocation(row) });

export type UserFunctions = ReturnType<typeof createUserFunctions>;

/** User administration. What each function does is said in sql/functions; all decide whether the actor may. */
export function createUserFunctions(call: CallFunction) {
  /** Of a function that returns the user as he is then. */
  const account = async (name: string, args: readonly unknown[]) =>
    toStoredUser(oneRow(await call<{ account: UserRow }>(name, args)).account);

  /** Of one that ends sessions, too. */
  const endedAccount = async (name: string, args: readonly unknown[]) => {
    const row = oneRow(await call<EndedRow & { account: UserRow }>(name, args));
    return { ...toEnded(row), user: toStoredUser(row.account) };
  };

  return {
    /** null with the role: the actor may not give it, and nobody was created. */
    async createUser(
      actor: string,
      { contacts, roles, profile, passwordHash }: NewAccount,
    ): Promise<{ user: StoredUser } | { user: null; refusedRole: string }> {
      const payload = JSON.stringify({ ...profile, contacts, roles, password_hash: passwordHash });
      type Row = { refused_role: string; account: null } | { account: UserRow };
      const row = oneRow(await call<Row>('accounts.create_user', [actor, payload]));
      return row.account === null ? { user: null, refusedRole: row.refused_role } : { user: toStoredUser(row.account) };
    },

    /**
     * Creates users of another system; the answer names those who are refused, in no order.
     * @param refused how many of the batch were refused before
     */
    async importUsers(
      { actor, sessionId }: { actor: string; sessionId: string },
      accounts: readonly NewAccount[],
      refused: number,
    ): Promise<readonly ImportRefusal[]> {
      const payload = accounts.map(({ profile, passwordHash, ...rest }) => ({
        ...profile,
        ...rest,
        password_hash: passwordHash,
      }));
      const args = [actor, sessionId, JSON.stringify(payload), refused];
      return await call<ImportRefusal>('accounts.import_users', args);
    },

    /** In no order. @throws USER_NOT_FOUND if there is one that there is not */
    async getUsers(actor: string, userIds: readonly string[]): Promise<StoredUser[]> {
      const rows = await call<{ account: UserRow }>('accounts.get_users', [actor, userIds]);
      return rows.map((row) => toStoredUser(row.account));
    },

    /** Those that there are, in no order. */
    async lookUpUsers(userIds: readonly string[]): Promise<StoredUser[]> {
      const rows = await call<{ account: UserRow }>('accounts.look_up_users', [userIds]);
      return rows.map((row) => toStoredUser(row.account));
    },

    /** null: `after` is no position. */
    async listUsers(
      actor: string,
      { role, organisationId, state, contactPrefix }: UserFilter,
      { after, limit }: { after: string | null; limit: number },
    ): Promise<Page | null> {
      const args = [actor, role, organisationId, state, contactPrefix, after, limit];
      const rows = await call<{ next_position: string | null; account: UserRow | null }>('accounts.list_users', args);
      const [first] = rows;
      if (!first) return null;
      return {
        users: rows.flatMap((row) => (row.account ? [toStoredUser(row.account)] : [])),
        next: first.next_position,
      };
    },

    /** Notes the look. null: there is nobody, or nobody whom the actor may see. */
    async findUserForSupport(actor: string, contact: string): Promise<StoredUser | null> {
      const [row] = await call<{ account: UserRow }>('accounts.find_user_for_support', [actor, contact]);
      return row ? toStoredUser(row.account) : null;
    },

    async updateUser({ actor, userId }: Act, changes: ProfileChanges): Promise<StoredUser> {
      return await account('accounts.update_user', [actor, userId, JSON.stringify(changes)]);
    },

    async deactivateUser({ actor, userId, language }: Act & Told): Promise<Ended & { user: StoredUser }> {
      return await endedAccount('accounts.deactivate_user', [actor, userId, language]);
    },

    async reactivateUser({ actor, userId }: Act): Promise<StoredUser> {
      return await account('accounts.reactivate_user', [actor, userId]);
    },

    async deleteUser({ actor, userId, language }: Act & Told): Promise<Ended & { user: StoredUser }> {
      return await endedAccount('accounts.delete_user', [actor, userId, language]);
    },

    async restoreUser({ actor, userId }: Act): Promise<StoredUser> {
      return await account('accounts.restore_user', [actor, userId]);
    },

    /** In the transaction that sends the message. */
    async findResetContact({ actor, userId }: Act): Promise<{ type: string; value: string; channel: string }> {
      return oneRow(await call('accounts.find_reset_contact', [actor, userId]));
    },

    async listUserSessions({ actor, userId }: Act): Promise<readonly StoredSession[]> {
      return (await call<SessionRow>('auth.list_user_sessions', [actor, userId])).map(toStoredSession);
    },

    /** `sessionId` null: all of them. */
    async endUserSessions({ actor, userId, sessionId }: Act & { sessionId: string | null }): Promise<Ended> {
      return toEnded(oneRow(await call<EndedRow>('auth.end_user_sessions', [actor, userId, sessionId])));
    },

    async revokeUserTokens({ actor, userId }: Act): Promise<Ended> {
      return toEnded(oneRow(await call<EndedRow>('auth.revoke_user_tokens', [actor, userId])));
    },
  };
}
