import type { SignedInCaller } from '../caller.ts';
import type { Member, OrganisationFunctions } from '../db/organisation-functions.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import { readId } from '../fields/ids.ts';
import { cutPage, readPage } from '../fields/page.ts';
import type { PageInput } from '../fields/page.ts';
import { readOptionalRoleName } from '../fields/role-name.ts';
import type { PageTokens } from '../tokens/page-token.ts';

type ListMembersInput = PageInput & {
  readonly organisationId: string;
  /** Empty: any. */
  readonly role: string;
};

type ListedMembers = {
  readonly members: readonly Member[];
  /** null: this was the last page. */
  readonly nextPageToken: string | null;
};

type Deps = {
  readonly organisations: Pick<OrganisationFunctions, 'listMembers'>;
  readonly pageTokens: PageTokens;
};

/** Lists the members of an organisation for its heads. */
export function createListMembers({ organisations, pageTokens }: Deps) {
  return async function listMembers(input: ListMembersInput, { user }: SignedInCaller): Promise<ListedMembers> {
    const check = createFieldCheck();
    const organisationId = readId(check, 'organisation_id', input.organisationId);
    const role = readOptionalRoleName(check, 'role', input.role);
    const page = readPage(check, pageTokens, `members/${organisationId}/${role ?? ''}`, input);
    check.throwIfAny();

    const wanted = { actor: user.userId, organisationId, role, before: page.before, limit: page.limit + 1 };
    const found = await organisations.listMembers(wanted);
    const { rows, nextPageToken } = cutPage(pageTokens, page, found, ({ userId }) => userId);
    return { members: rows, nextPageToken };
  };
}

export type ListMembers = ReturnType<typeof createListMembers>;
