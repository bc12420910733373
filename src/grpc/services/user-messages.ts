import { UserState } from '../../gen/accounts/v1/user.ts';
import type { HeldRole, User } from '../../gen/accounts/v1/user.ts';
import type { GetUser } from '../../users/get-user.ts';
import { toContact } from './contact-messages.ts';

type DescribedUser = Awaited<ReturnType<GetUser>>;

const STATES = {
  active: UserState.ACTIVE,
  deactivated: UserState.DEACTIVATED,
  deleted: UserState.DELETED,
  guest: UserState.GUEST,
} as const satisfies Record<DescribedUser['state'], UserState>;

/** The state in a request: null for any, undefined for one that there is not. */
export function readUserState(state: UserState): DescribedUser['state'] | null | undefined {
  if (state === UserState.UNSPECIFIED) return null;
  for (const [name, value] of Object.entries(STATES)) if (value === state) return name as DescribedUser['state'];
  return undefined;
}

export const toUserState = (state: DescribedUser['state']): UserState => STATES[state];

export const toHeldRole = ({ role, organisationId }: DescribedUser['roles'][number]): HeldRole => ({
  role,
  organisationId: organisationId ?? '',
});

/** A user as accounts.v1.User. */
export function toUser(user: DescribedUser): User {
  return {
    userId: user.id,
    state: toUserState(user.state),
    displayName: user.displayName ?? '',
    bio: user.bio ?? '',
    country: user.country ?? '',
    language: user.language ?? '',
    data: user.data ?? undefined,
    contacts: user.contacts.map(toContact),
    roles: user.roles.map(toHeldRole),
    hasPassword: user.hasPassword,
    createTime: user.createdAt,
    updateTime: user.updatedAt,
    deactivateTime: user.deactivatedAt ?? undefined,
    deleteTime: user.deletedAt ?? undefined,
  };
}
