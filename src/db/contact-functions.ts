import type { CallFunction } from './call-function.ts';
import { interval, oneRow } from './one-row.ts';

/** A kind of contact, as the deployment has it. */
export type ContactType = {
  readonly name: string;
  readonly isExclusive: boolean;
  readonly needsConfirmation: boolean;
  /** How messages are sent to it; null: none can be. */
  readonly channel: string | null;
  /** The form of a stored contact, for types that the service does not know. */
  readonly pattern: string | null;
};

/** A contact as its owner sees it. */
export type UserContact = {
  readonly contactId: string;
  readonly type: string;
  readonly value: string;
  readonly isActive: boolean;
  readonly isPrimary: boolean;
  readonly createdAt: Date;
  /** null: not yet; it logs nobody in. */
  readonly confirmedAt: Date | null;
  /** null: it is in use. */
  readonly deactivatedAt: Date | null;
};

type ContactRow = {
  id: string;
  type: string;
  value: string;
  is_active: boolean;
  is_primary: boolean;
  created_at: Date;
  confirmed_at: Date | null;
  deactivated_at: Date | null;
};

type OwnContact = { readonly userId: string; readonly contactId: string };
/** `language`: of the request, for the notice to the owner. */
type Told = { readonly language: string };

export type ContactFunctions = ReturnType<typeof createContactFunctions>;

/** Contacts. What each function does is said in sql/functions/accounts. */
export function createContactFunctions(call: CallFunction) {
  return {
    async listContactTypes(): Promise<ContactType[]> {
      const rows = await call<{
        name: string;
        is_exclusive: boolean;
        needs_confirmation: boolean;
        channel: string | null;
        pattern: string | null;
      }>('accounts.list_contact_types', []);
      return rows.map((row) => ({
        name: row.name,
        isExclusive: row.is_exclusive,
        needsConfirmation: row.needs_confirmation,
        channel: row.channel,
        pattern: row.pattern,
      }));
    },

    async listContacts(input: { userId: string; withHistory: boolean }): Promise<UserContact[]> {
      return (await call<ContactRow>('accounts.list_contacts', [input.userId, input.withHistory])).map(toContact);
    },

    /** null: the user has no such contact. */
    async getContact({ userId, contactId }: OwnContact): Promise<UserContact | null> {
      const [row] = await call<ContactRow>('accounts.get_contact', [userId, contactId]);
      return row ? toContact(row) : null;
    },

    async addContact(input: { userId: string; type: string; value: string } & Told): Promise<UserContact> {
      const { userId, type, value, language } = input;
      return toContact(oneRow(await call<ContactRow>('accounts.add_contact', [userId, type, value, language])));
    },

    /** null: it is not active any more. */
    async confirmContact({ userId, contactId, language }: OwnContact & Told): Promise<UserContact | null> {
      const args = [userId, contactId, language];
      // A composite that is null is a row of nulls.
      const row = oneRow(await call<ContactRow | { id: null }>('accounts.confirm_contact', args));
      return row.id === null ? null : toContact(row);
    },

    async setPrimaryContact({ userId, contactId }: OwnContact): Promise<UserContact> {
      return toContact(oneRow(await call<ContactRow>('accounts.set_primary_contact', [userId, contactId])));
    },

    async deactivateContact({ userId, contactId, language }: OwnContact & Told): Promise<UserContact> {
      const args = [userId, contactId, language];
      return toContact(oneRow(await call<ContactRow>('accounts.deactivate_contact', args)));
    },

    /** @returns how many accounts' contacts were freed; at most `batch`. `reservation`: milliseconds */
    async releaseContacts({ batch, reservation }: { batch: number; reservation: number }): Promise<number> {
      const args = [batch, interval(reservation)];
      return oneRow(await call<{ release_contacts: number }>('accounts.release_contacts', args)).release_contacts;
    },
  };
}

function toContact(row: ContactRow): UserContact {
  return {
    contactId: row.id,
    type: row.type,
    value: row.value,
    isActive: row.is_active,
    isPrimary: row.is_primary,
    createdAt: row.created_at,
    confirmedAt: row.confirmed_at,
    deactivatedAt: row.deactivated_at,
  };
}
