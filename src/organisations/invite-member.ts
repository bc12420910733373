import { randomUUIDv7 } from 'node:crypto';
import { EMAIL_FORM, PHONE_FORM } from '../accounts/contact.ts';
import type { Contacts } from '../accounts/contact.ts';
import type { MaySendTo } from '../accounts/phone-countries.ts';
import type { SignedInCaller } from '../caller.ts';
import type { ChallengeSecrets } from '../challenges/challenge-secrets.ts';
import type { InvitationFunctions } from '../db/invitation-functions.ts';
import { AppError } from '../errors/app-error.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import type { FieldCheck } from '../errors/field-check.ts';
import { readId } from '../fields/ids.ts';
import { readRoleNames, roleNotGrantable } from '../fields/role-name.ts';

type InviteMemberInput = {
  readonly organisationId: string;
  readonly contactType: string;
  readonly contact: string;
  readonly roles: readonly string[];
};

type InvitedMember = {
  readonly invitationId: string;
  /** Milliseconds. */
  readonly lifetime: number;
  /** Milliseconds until the next message to the contact may be asked for. */
  readonly resendDelay: number;
};

type Deps = {
  readonly invitations: Pick<InvitationFunctions, 'inviteMember'>;
  readonly contacts: Pick<Contacts, 'email' | 'phone'>;
  readonly secrets: Pick<ChallengeSecrets, 'linkToken' | 'hashLinkToken'>;
  readonly maySendTo: MaySendTo;
  readonly messagesPerContact: number;
  /** Milliseconds. */
  readonly invitationLifetime: number;
};

/** Sends somebody a link to join with. Whether he has an account is not looked at: the answer and the message are the same. */
export function createInviteMember(deps: Deps) {
  const { invitations, secrets, invitationLifetime: lifetime } = deps;

  return async function inviteMember(
    input: InviteMemberInput,
    { user, language }: SignedInCaller,
  ): Promise<InvitedMember> {
    const check = createFieldCheck();
    const organisationId = readId(check, 'organisation_id', input.organisationId);
    const contact = readContact(check, input);
    const roles = readRoleNames(check, 'roles', input.roles, 1);
    check.throwIfAny();
    if (input.contactType === 'phone' && !deps.maySendTo(contact)) throw new AppError('PHONE_COUNTRY_NOT_ALLOWED');

    // In the order of time, as lists of invitations are.
    const id = randomUUIDv7();
    const invited = await invitations.inviteMember({
      actor: user.userId,
      organisationId,
      id,
      contactType: input.contactType,
      contact,
      roles: [...roles].sort(),
      secretHash: secrets.hashLinkToken(secrets.linkToken(id, 'invitation')),
      lifetime,
      language,
      contactLimit: deps.messagesPerContact,
    });
    // Returned by the database, so that the event of the refusal is committed.
    if (invited.refusedRole !== undefined) throw roleNotGrantable(input.roles, invited.refusedRole);
    return { invitationId: id, lifetime, resendDelay: invited.resendDelay };
  };

  function readContact(check: FieldCheck, { contactType, contact }: InviteMemberInput): string {
    if (contactType === 'email') return check.accept('contact', deps.contacts.email(contact), EMAIL_FORM);
    if (contactType === 'phone') return check.accept('contact', deps.contacts.phone(contact.trim()), PHONE_FORM);
    check.refuse('contact_type', 'must be email or phone');
    return '';
  }
}

export type InviteMember = ReturnType<typeof createInviteMember>;
