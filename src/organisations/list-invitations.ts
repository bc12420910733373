import type { SignedInCaller } from '../caller.ts';
import type { Invitation, InvitationFunctions } from '../db/invitation-functions.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import { readId } from '../fields/ids.ts';
import { cutPage, readPage } from '../fields/page.ts';
import type { PageInput } from '../fields/page.ts';
import type { PageTokens } from '../tokens/page-token.ts';

type ListInvitationsInput = PageInput & { readonly organisationId: string };

type ListedInvitations = {
  readonly invitations: readonly Invitation[];
  /** null: this was the last page. */
  readonly nextPageToken: string | null;
};

type Deps = {
  readonly invitations: Pick<InvitationFunctions, 'listInvitations'>;
  readonly pageTokens: PageTokens;
};

/** Lists the open invitations of an organisation for its heads. */
export function createListInvitations({ invitations, pageTokens }: Deps) {
  return async function listInvitations(
    input: ListInvitationsInput,
    { user }: SignedInCaller,
  ): Promise<ListedInvitations> {
    const check = createFieldCheck();
    const organisationId = readId(check, 'organisation_id', input.organisationId);
    const page = readPage(check, pageTokens, `invitations/${organisationId}`, input);
    check.throwIfAny();

    const wanted = { actor: user.userId, organisationId, before: page.before, limit: page.limit + 1 };
    const found = await invitations.listInvitations(wanted);
    const { rows, nextPageToken } = cutPage(pageTokens, page, found, ({ id }) => id);
    return { invitations: rows, nextPageToken };
  };
}

export type ListInvitations = ReturnType<typeof createListInvitations>;
