import type { CallFunction } from './call-function.ts';

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
  };
}
