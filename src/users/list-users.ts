import type { SignedInCaller } from '../caller.ts';
import type { StoredUser, UserState } from '../db/stored-user.ts';
import type { UserFilter, UserFunctions } from '../db/user-functions.ts';
import { cleanText } from '../errors/clean-text.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import type { FieldCheck } from '../errors/field-check.ts';
import type { PageTokens } from '../tokens/page-token.ts';
import { isUuid } from '../tokens/uuid.ts';

type ListUsersInput = {
  /** Empty: any, of each of these. */
  readonly role: string;
  readonly organisationId: string;
  readonly contactPrefix: string;
  /** null: any; undefined: one that there is not. */
  readonly state: UserState | null | undefined;
  /** 0: not said. */
  readonly pageSize: number;
  /** Empty: the first page. */
  readonly pageToken: string;
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

const USUAL_PAGE = 50;
const LONGEST_PAGE = 100;
const LONGEST_ROLE = 63;
const SHORTEST_PREFIX = 3;
const LONGEST_CONTACT = 320;

/** Lists users for administrators. A page may be shorter than asked for while there are more: what it costs is bounded. */
export function createListUsers({ users, pageTokens }: ListUsersDeps) {
  return async function listUsers(input: ListUsersInput, { user }: SignedInCaller): Promise<ListedUsers> {
    const { pageSize, pageToken } = input;
    const check = createFieldCheck();
    const filter = readFilter(check, input);
    const list = `users/${JSON.stringify([filter.role, filter.organisationId, filter.state, filter.contactPrefix])}`;
    if (pageSize < 0 || pageSize > LONGEST_PAGE) check.refuse('page_size', `must be 1 to ${LONGEST_PAGE}, or left out`);
    const after = pageToken === '' ? null : pageTokens.read(list, pageToken);
    if (pageToken !== '' && after === null) refuseToken(check);
    check.throwIfAny();

    const page = await users.listUsers(user.userId, filter, { after, limit: pageSize || USUAL_PAGE });
    // Where it would go on is gone: the user was removed for good.
    if (!page) refuseToken(check);
    check.throwIfAny();
    if (!page) throw new Error('A page without a beginning was let through.');
    return { users: page.users, nextPageToken: page.next === null ? null : pageTokens.write(list, page.next) };
  };
}

function readFilter(check: FieldCheck, input: ListUsersInput): UserFilter {
  const { role, organisationId, contactPrefix, state = null } = input;
  if (cleanText(role, 0, LONGEST_ROLE) === null) check.refuse('role', 'must be the name of a role, or left out');
  if (organisationId !== '' && !isUuid(organisationId)) check.refuse('organisation_id', 'must be a UUID, or left out');
  if (contactPrefix !== '' && cleanText(contactPrefix, SHORTEST_PREFIX, LONGEST_CONTACT) === null) {
    check.refuse('contact_prefix', `must have ${SHORTEST_PREFIX} to ${LONGEST_CONTACT} characters, or be left out`);
  }
  if (input.state === undefined) check.refuse('state', 'must be a state of users, or left out');
  return {
    role: role || null,
    organisationId: organisationId.toLowerCase() || null,
    state,
    contactPrefix: contactPrefix || null,
  };
}

function refuseToken(check: FieldCheck): void {
  check.refuse('page_token', 'must be the next_page_token of this list');
}

export type ListUsers = ReturnType<typeof createListUsers>;
