import type { CallFunction } from './call-function.ts';
import { oneRow } from './one-row.ts';

export type Contact = { readonly type: string; readonly value: string; readonly isConfirmed?: boolean };
export type JsonObject = { readonly [key: string]: unknown };
export type RoleRow = {
  readonly name: string;
  readonly title: string;
  readonly level: number;
  readonly isDefault: boolean;
};

/** The active user who has confirmed a contact. */
export type ContactOwner = {
  readonly userId: string;
  readonly passwordHash: string | null;
  /** Device tokens of before count as none; null: all count. */
  readonly devicesSince: Date | null;
};

export type NewUser = {
  readonly interface: string;
  readonly groupNames: readonly string[];
  readonly contacts: readonly Contact[];
  readonly profile: JsonObject;
  readonly passwordHash: string | null;
  readonly displayName?: string;
  readonly country?: string;
  readonly language?: string | null;
  /** The guest who registers: his row becomes the account's. */
  readonly guest?: { readonly userId: string; readonly sessionId: string } | null;
  /** The invitation by which he registers, and what shows that it was sent to him. It is used up. */
  readonly invitation?: { readonly id: string; readonly secretHash: string } | null;
};

export type AccountsFunctions = ReturnType<typeof createAccountsFunctions>;

/** Schema accounts, one method a function. What each does is said in sql/functions/accounts. */
export function createAccountsFunctions(call: CallFunction) {
  return {
    async createUserWithRelations(user: NewUser): Promise<{ id: string }> {
      const payload = JSON.stringify({
        interface: user.interface,
        group_names: user.groupNames,
        contacts: user.contacts.map(({ type, value, isConfirmed }) => ({ type, value, is_confirmed: isConfirmed })),
        profile: user.profile,
        password_hash: user.passwordHash,
        display_name: user.displayName,
        country: user.country,
        language: user.language,
        guest_user_id: user.guest?.userId,
        guest_session_id: user.guest?.sessionId,
        invitation_id: user.invitation?.id,
        invitation_secret_hash: user.invitation?.secretHash,
      });
      return { id: oneRow(await call<{ id: string }>('accounts.create_user_with_relations', [payload])).id };
    },

    async getActiveUserContactByValue(value: string): Promise<ContactOwner | null> {
      type Row = { user_id: string; password_hash: string | null; devices_since: Date | null };
      const [row] = await call<Row>('accounts.get_active_user_contact_by_value', [value]);
      return row ? { userId: row.user_id, passwordHash: row.password_hash, devicesSince: row.devices_since } : null;
    },

    async listRoles(input: { interface: string; userId: string | null }): Promise<RoleRow[]> {
      const rows = await call<{ name: string; title: string; level: number; is_default: boolean }>(
        'accounts.list_roles',
        [input.interface, input.userId],
      );
      return rows.map((row) => ({ name: row.name, title: row.title, level: row.level, isDefault: row.is_default }));
    },

    async listInterfaces(): Promise<string[]> {
      return (await call<{ name: string }>('accounts.list_interfaces', [])).map((row) => row.name);
    },

    /** Whether a role that the user holds now permits it. The audit says of a refusal which method it was. */
    async checkPermission(input: { userId: string; permission: string; method: string }): Promise<boolean> {
      const args = [input.userId, input.permission, input.method];
      return oneRow(await call<{ check_permission: boolean }>('accounts.check_permission', args)).check_permission;
    },

    /** Writes down that somebody was refused because the other ranks higher; nothing if he does not. */
    async noteRankRefusal(input: { actor: string; userId: string; method: string }): Promise<void> {
      await call('accounts.note_rank_refusal', [input.actor, input.userId, input.method]);
    },

    async listPermissions(): Promise<string[]> {
      return (await call<{ name: string }>('accounts.list_permissions', [])).map((row) => row.name);
    },

    async isContactAvailable(value: string): Promise<boolean> {
      return oneRow(await call<{ is_contact_available: boolean }>('accounts.is_contact_available', [value]))
        .is_contact_available;
    },

    async upgradePasswordHash(input: { userId: string; oldHash: string; newHash: string }): Promise<void> {
      await call('accounts.upgrade_password_hash', [input.userId, input.oldHash, input.newHash]);
    },
  };
}
