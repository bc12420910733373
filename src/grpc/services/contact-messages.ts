import type { AddContact } from '../../accounts/add-contact.ts';
import type { Contact } from '../../gen/accounts/v1/contact.ts';

/** A contact as accounts.v1.Contact. */
export function toContact(contact: Awaited<ReturnType<AddContact>>): Contact {
  return {
    contactId: contact.contactId,
    type: contact.type,
    value: contact.value,
    active: contact.isActive,
    confirmed: contact.confirmedAt !== null,
    primary: contact.isPrimary,
    createTime: contact.createdAt,
    confirmTime: contact.confirmedAt ?? undefined,
    deactivateTime: contact.deactivatedAt ?? undefined,
  };
}
