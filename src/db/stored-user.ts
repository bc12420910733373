import type { JsonObject } from './accounts-functions.ts';
import type { UserContact } from './contact-functions.ts';

export type UserState = 'active' | 'deactivated' | 'deleted' | 'guest';

/** A user as administrators and other services are shown him. No password or hash of one is ever in it. */
export type StoredUser = {
  readonly id: string;
  readonly state: UserState;
  readonly displayName: string | null;
  readonly bio: string | null;
  readonly country: string | null;
  readonly language: string | null;
  /** null: it was not asked for, as of several users at once. */
  readonly data: JsonObject | null;
  readonly hasPassword: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly deactivatedAt: Date | null;
  readonly deletedAt: Date | null;
  /** Those in use. */
  readonly contacts: readonly UserContact[];
  readonly roles: readonly HeldRole[];
};

/** `organisationId` null: the role as such. */
export type HeldRole = { readonly role: string; readonly organisationId: string | null };

/** What accounts.describe_users makes. Times are texts in JSON. */
export type UserRow = {
  readonly id: string;
  readonly state: UserState;
  readonly display_name: string | null;
  readonly bio: string | null;
  readonly country: string | null;
  readonly language: string | null;
  readonly data?: JsonObject;
  readonly has_password: boolean;
  readonly created_at: string;
  readonly updated_at: string;
  readonly deactivated_at: string | null;
  readonly deleted_at: string | null;
  readonly contacts: readonly {
    readonly id: string;
    readonly type: string;
    readonly value: string;
    readonly is_active: boolean;
    readonly is_primary: boolean;
    readonly created_at: string;
    readonly confirmed_at: string | null;
    readonly deactivated_at: string | null;
  }[];
  readonly roles: readonly { readonly role: string; readonly organisation_id: string | null }[];
};

const timeOf = (text: string | null) => (text === null ? null : new Date(text));

export function toStoredUser(row: UserRow): StoredUser {
  return {
    id: row.id,
    state: row.state,
    displayName: row.display_name,
    bio: row.bio,
    country: row.country,
    language: row.language,
    data: row.data ?? null,
    hasPassword: row.has_password,
    createdAt: new Date(row.created_at),
    updatedAt: new Date(row.updated_at),
    deactivatedAt: timeOf(row.deactivated_at),
    deletedAt: timeOf(row.deleted_at),
    contacts: row.contacts.map((contact) => ({
      contactId: contact.id,
      type: contact.type,
      value: contact.value,
      isActive: contact.is_active,
      isPrimary: contact.is_primary,
      createdAt: new Date(contact.created_at),
      confirmedAt: timeOf(contact.confirmed_at),
      deactivatedAt: timeOf(contact.deactivated_at),
    })),
    roles: row.roles.map(({ role, organisation_id }) => ({ role, organisationId: organisation_id })),
  };
}
