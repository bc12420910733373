import type { Contacts, TypedContact } from '../accounts/contact.ts';
import { readProfile } from '../accounts/profile-changes.ts';
import type { ProfileValues } from '../accounts/profile-changes.ts';
import { requireStrongPassword } from '../auth/registration-fields.ts';
import type { SignedInCaller } from '../caller.ts';
import type { StoredUser } from '../db/stored-user.ts';
import type { UserFunctions } from '../db/user-functions.ts';
import { cleanText } from '../errors/clean-text.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import { readRoleNames, roleNotGrantable } from '../fields/role-name.ts';
import type { PasswordHasher } from '../passwords/hasher.ts';
import type { CheckPasswordPolicy } from '../passwords/policy.ts';
import { readNewContacts } from './new-contacts.ts';

type CreateUserDeps = {
  readonly users: Pick<UserFunctions, 'createUser'>;
  readonly contacts: Pick<Contacts, 'types' | 'ofType'>;
  readonly checkPassword: CheckPasswordPolicy;
  readonly hasher: Pick<PasswordHasher, 'hash'>;
};

type CreateUserInput = {
  readonly contacts: readonly TypedContact[];
  /** null: nothing is told. */
  readonly profile: ProfileValues | null;
  readonly roles: readonly string[];
  /** Empty: none. */
  readonly password: string;
};

/** Opens an account for somebody else. */
export function createCreateUser({ users, contacts, checkPassword, hasher }: CreateUserDeps) {
  return async function createUser(
    input: CreateUserInput,
    { user: actor }: SignedInCaller,
    signal: AbortSignal,
  ): Promise<StoredUser> {
    const check = createFieldCheck();
    const ways = readNewContacts(check, contacts, input.contacts);
    const profile = input.profile ? readProfile(check, input.profile) : {};
    const roles = readRoleNames(check, 'roles', input.roles, 0);
    const password = check.accept(
      'password',
      cleanText(input.password, 0, Number.MAX_SAFE_INTEGER),
      'must not contain control characters',
    );
    check.throwIfAny();
    const names = ways.map(({ value }) => value);
    if (profile.display_name) names.push(profile.display_name);
    if (password !== '') requireStrongPassword(checkPassword, password, names);

    // Whatever is wrong with the request itself is known before anything is hashed.
    const passwordHash = password === '' ? null : await hasher.hash(password, signal);
    const created = await users.createUser(actor.userId, { contacts: ways, roles, profile, passwordHash });
    if (created.user) return created.user;
    // Its event has been committed.
    throw roleNotGrantable(input.roles, created.refusedRole);
  };
}

export type CreateUser = ReturnType<typeof createCreateUser>;
