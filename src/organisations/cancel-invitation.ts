import type { SignedInCaller } from '../caller.ts';
import type { InvitationFunctions } from '../db/invitation-functions.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import { readId } from '../fields/ids.ts';

type Deps = { readonly invitations: Pick<InvitationFunctions, 'cancelInvitation'> };

/** Ends an invitation of an organisation that the caller acts as a head of. */
export function createCancelInvitation({ invitations }: Deps) {
  return async function cancelInvitation(
    input: { readonly invitationId: string },
    { user }: SignedInCaller,
  ): Promise<void> {
    const check = createFieldCheck();
    const invitationId = readId(check, 'invitation_id', input.invitationId);
    check.throwIfAny();
    await invitations.cancelInvitation({ actor: user.userId, invitationId });
  };
}

export type CancelInvitation = ReturnType<typeof createCancelInvitation>;
