import type { Contacts, TypedContact } from '../accounts/contact.ts';
import type { SignedInCaller } from '../caller.ts';
import type { StoredUser } from '../db/stored-user.ts';
import type { InTransaction } from '../db/transaction.ts';
import { AppError } from '../errors/app-error.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import type { DescribedSession, DescribeSession } from '../sessions/describe-session.ts';
import { maskContact } from './mask-contact.ts';

type FindUserForSupportDeps = {
  readonly inTransaction: InTransaction;
  readonly contacts: Pick<Contacts, 'any'>;
  readonly describeSession: DescribeSession;
};

/** Of the address only the place, of the program only the device. */
type ShownSession = DescribedSession & { readonly ip: null; readonly userAgent: null; readonly isCurrent: boolean };

/** A person as staff see him who help him. */
type FoundUser = Pick<StoredUser, 'id' | 'state' | 'displayName' | 'roles' | 'createdAt'> & {
  readonly maskedContacts: readonly string[];
  readonly sessions: readonly ShownSession[];
};

const CONTACT_FORM = 'must be a contact, whole: a second_login, an e-mail address or a phone number';

/** Finds the person who has confirmed a contact. Each look is written down, and stays so when it has found nobody. */
export function createFindUserForSupport({ inTransaction, contacts, describeSession }: FindUserForSupportDeps) {
  return async function findUserForSupport(
    input: { readonly contact: string },
    { user: { userId: actor, sessionId } }: SignedInCaller,
  ): Promise<FoundUser> {
    const contact = readContact(contacts, input.contact);
    const found = await inTransaction(async ({ users }) => {
      const user = await users.findUserForSupport(actor, contact.value);
      return user && { user, sessions: await users.listUserSessions({ actor, userId: user.id }) };
    });
    // Only now: an error inside would have undone the entry.
    if (!found) throw new AppError('USER_NOT_FOUND');

    const { id, state, displayName, roles, createdAt, contacts: own } = found.user;
    const maskedContacts = own.filter(({ confirmedAt }) => confirmedAt !== null).map(maskContact);
    const sessions = found.sessions.map((session) => {
      const isCurrent = session.id === sessionId;
      return { ...describeSession(session), ip: null, userAgent: null, isCurrent };
    });
    return { id, state, displayName, roles, createdAt, maskedContacts, sessions };
  };
}

function readContact(contacts: Pick<Contacts, 'any'>, text: string): TypedContact {
  const check = createFieldCheck();
  const contact = check.accept('contact', contacts.any(text), CONTACT_FORM);
  check.throwIfAny();
  return contact;
}

export type FindUserForSupport = ReturnType<typeof createFindUserForSupport>;
