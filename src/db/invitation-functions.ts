import type { CallFunction } from './call-function.ts';
import { interval, oneRow } from './one-row.ts';

export type Invitation = {
  readonly id: string;
  readonly contactType: string;
  readonly contact: string;
  readonly roles: readonly string[];
  readonly invitedBy: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
};

type NewInvitation = {
  readonly actor: string;
  readonly organisationId: string;
  readonly id: string;
  readonly contactType: string;
  /** As it is stored. */
  readonly contact: string;
  readonly roles: readonly string[];
  readonly secretHash: string;
  /** Milliseconds. */
  readonly lifetime: number;
  readonly language: string;
  readonly contactLimit: number;
};

/** What an invitation is worth now, without using it up. */
type CheckedInvitation = {
  readonly outcome: 'accepted' | 'used' | 'gone';
  readonly contactType: string;
  readonly contact: string;
  readonly expiresAt: Date;
  /** Whereto it leads, and with which roles, sorted. */
  readonly organisationName: string;
  readonly roles: readonly string[];
};

export type InvitationFunctions = ReturnType<typeof createInvitationFunctions>;

/** Invitations, until they are accepted. What each function does is said in sql/functions/accounts. */
export function createInvitationFunctions(call: CallFunction) {
  return {
    /** @returns milliseconds until the next one may be sent to the contact, or the role that the inviter may not give */
    async inviteMember(
      invitation: NewInvitation,
    ): Promise<{ readonly resendDelay: number; readonly refusedRole?: never } | { readonly refusedRole: string }> {
      type Row = { refused_role: null; resend_seconds: number } | { refused_role: string };
      const row = oneRow(
        await call<Row>('accounts.invite_member', [
          invitation.actor,
          invitation.organisationId,
          invitation.id,
          invitation.contactType,
          invitation.contact,
          invitation.roles,
          invitation.secretHash,
          interval(invitation.lifetime),
          invitation.language,
          invitation.contactLimit,
        ]),
      );
      return row.refused_role === null ? { resendDelay: row.resend_seconds * 1000 } : { refusedRole: row.refused_role };
    },

    async listInvitations(page: {
      actor: string;
      organisationId: string;
      /** The last one of the page before; null: the first page. */
      before: string | null;
      limit: number;
    }): Promise<readonly Invitation[]> {
      const rows = await call<{
        id: string;
        contact_type: string;
        contact: string;
        roles: string[];
        invited_by: string;
        created_at: Date;
        expires_at: Date;
      }>('accounts.list_invitations', [page.actor, page.organisationId, page.before, page.limit]);
      return rows.map((row) => ({
        id: row.id,
        contactType: row.contact_type,
        contact: row.contact,
        roles: row.roles,
        invitedBy: row.invited_by,
        createdAt: row.created_at,
        expiresAt: row.expires_at,
      }));
    },

    async cancelInvitation(input: { actor: string; invitationId: string }): Promise<void> {
      await call('accounts.cancel_invitation', [input.actor, input.invitationId]);
    },

    /** null for an unknown one. */
    async checkInvitation(proof: { id: string; secretHash: string }): Promise<CheckedInvitation | null> {
      const [row] = await call<{
        outcome: CheckedInvitation['outcome'];
        contact_type: string;
        contact: string;
        expires_at: Date;
        organisation_name: string;
        roles: string[];
      }>('accounts.check_invitation', [proof.id, proof.secretHash]);
      if (!row) return null;
      const { contact_type: contactType, expires_at: expiresAt, organisation_name: organisationName, ...same } = row;
      return { ...same, contactType, expiresAt, organisationName };
    },
  };
}
