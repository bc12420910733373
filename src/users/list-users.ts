import type { SignedInCaller } from '../caller.ts';
import type { StoredUser, UserState } from '../db/stored-user.ts';
import type { UserFilter, UserFunctions } from '../db/user-functions.ts';
import { cleanText } from '../errors/clean-text.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import type { FieldCheck } from '../errors/field-check.ts';
import { readOptionalId } from '../fields/ids.ts';
import { TOKEN_FORM, readPage } from '../fields/page.ts';
import type { PageInput } from '../fields/page.ts';
import { readOptionalRoleName } from '../fields/role-name.ts';
import type { PageTokens } from '../tokens/page-token.ts';

type ListUsersInput = PageInput & {
  /** Empty: any, of each of these. */
  readonly role: string;
  readonly organisationId: string;
  readonly contactPrefix: string;
  /** null: any; undefined: one that there is not. */
  readonly state: UserState | null | undefined;
};

type ListedUsers = {
  readonly users: readonly StoredUser[];
  /** null: this was the last page. */
  readonly nextPageToken: string | null;
};

type ListUsersDeps = {
  readonly users: Pick<UserFunctions, 'listUsers'>;
  readonly pageTokens: PageTokens;
};

const SHORTEST_PREFIX = 3;
const LONGEST_CONTACT = 320;

/** Lists users for administrators. A page may be shorter than asked for while there are more: what it costs is bounded. */
export function createListUsers({ users, pageTokens }: ListUsersDeps) {
  return async function listUsers(input: ListUsersInput, { user }: SignedInCaller): Promise<ListedUsers> {
    const check = createFieldCheck();
    const filter = readFilter(check, input);
    const list = `users/${JSON.stringify([filter.role, filter.organisationId, filter.state, filter.contactPrefix])}`;
    const { before: after, limit } = readPage(check, pageTokens, list, input);
    check.throwIfAny();

    const page = await users.listUsers(user.userId, filter, { after, limit });
    // Where it would go on is gone: the user was removed for good.
    if (!page) check.refuse('page_token', TOKEN_FORM);
    check.throwIfAny();
    if (!page) throw new Error('A page without a beginning was let through.');
    return { users: page.users, nextPageToken: page.next === null ? null : pageTokens.write(list, page.next) };
  };
}

function readFilter(check: FieldCheck, input: ListUsersInput): UserFilter {
  const { contactPrefix, state = null } = input;
  const role = readOptionalRoleName(check, 'role', input.role);
  const organisationId = readOptionalId(check, 'organisation_id', input.organisationId);
  if (contactPrefix !== '' && cleanText(contactPrefix, SHORTEST_PREFIX, LONGEST_CONTACT) === null) {
    check.refuse('contact_prefix', `must have ${SHORTEST_PREFIX} to ${LONGEST_CONTACT} characters, or be left out`);
  }
  if (input.state === undefined) check.refuse('state', 'must be a state of users, or left out');
  return {
    role,
    organisationId,
    state,
    contactPrefix: contactPrefix || null,
  };
}

export type ListUsers = ReturnType<typeof createListUsers>;
