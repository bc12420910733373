import type { ServiceImplementation } from 'nice-grpc';
import type { AddContact } from '../../accounts/add-contact.ts';
import type { CheckAvailability } from '../../accounts/check-availability.ts';
import type { DeactivateAccount } from '../../accounts/deactivate-account.ts';
import type { DeactivateContact } from '../../accounts/deactivate-contact.ts';
import type { FinishContactConfirmation } from '../../accounts/finish-contact-confirmation.ts';
import type { GetProfile } from '../../accounts/get-profile.ts';
import type { ListContacts } from '../../accounts/list-contacts.ts';
import type { ListRoles } from '../../accounts/list-roles.ts';
import type { SetPrimaryContact } from '../../accounts/set-primary-contact.ts';
import type { StartContactConfirmation } from '../../accounts/start-contact-confirmation.ts';
import type { UpdateProfile } from '../../accounts/update-profile.ts';
import type { AccountsServiceDefinition } from '../../gen/accounts/v1/accounts_service.ts';
import type { Profile } from '../../gen/accounts/v1/profile.ts';
import type { WithCaller } from '../middleware/authorize.ts';
import { signedIn } from '../signed-in.ts';
import { toContact } from './contact-messages.ts';
import { toDuration } from './durations.ts';
import { toProfileValues } from './profile-messages.ts';
import { toProof } from './proof-messages.ts';

type Deps = {
  readonly listRoles: ListRoles;
  readonly checkAvailability: CheckAvailability;
  readonly listContacts: ListContacts;
  readonly addContact: AddContact;
  readonly startContactConfirmation: StartContactConfirmation;
  readonly finishContactConfirmation: FinishContactConfirmation;
  readonly setPrimaryContact: SetPrimaryContact;
  readonly deactivateContact: DeactivateContact;
  readonly getProfile: GetProfile;
  readonly updateProfile: UpdateProfile;
  readonly deactivateAccount: DeactivateAccount;
};

/** accounts.v1.AccountsService: messages to inputs, results to messages. */
export function createAccountsService(deps: Deps): ServiceImplementation<AccountsServiceDefinition, WithCaller> {
  return {
    async listRoles(request, { caller }) {
      return { roles: [...(await deps.listRoles(request, caller))] };
    },

    async checkAvailability(request) {
      const { isAvailable, value } = await deps.checkAvailability(request);
      return { available: isAvailable, normalizedValue: value };
    },

    async listContacts(request, { caller }) {
      return { contacts: (await deps.listContacts(request, signedIn(caller))).map(toContact) };
    },

    async addContact(request, { caller }) {
      return { contact: toContact(await deps.addContact(request, signedIn(caller))) };
    },

    async startContactConfirmation(request, { caller }) {
      const { handle, lifetime, resendDelay } = await deps.startContactConfirmation(request, signedIn(caller));
      return { handle, lifetime: toDuration(lifetime), resendDelay: toDuration(resendDelay) };
    },

    async finishContactConfirmation({ proof }, { caller }) {
      const contact = await deps.finishContactConfirmation({ proof: toProof(proof) }, signedIn(caller));
      return { contact: toContact(contact) };
    },

    async setPrimaryContact(request, { caller }) {
      return { contact: toContact(await deps.setPrimaryContact(request, signedIn(caller))) };
    },

    async deactivateContact(request, { caller }) {
      return { contact: toContact(await deps.deactivateContact(request, signedIn(caller))) };
    },

    async getProfile(_request, { caller }) {
      const { profile, hasPassword } = await deps.getProfile(signedIn(caller));
      return { profile: toProfile(profile), hasPassword };
    },

    async updateProfile({ profile, updateMask }, { caller }) {
      const input = { profile: toProfileValues(profile), mask: updateMask ?? [] };
      const updated = await deps.updateProfile(input, signedIn(caller));
      return { profile: toProfile(updated) };
    },

    async deactivateAccount(_request, { caller }) {
      return await deps.deactivateAccount(signedIn(caller));
    },
  };
}

function toProfile(profile: Awaited<ReturnType<UpdateProfile>>): Profile {
  return {
    displayName: profile.displayName ?? '',
    bio: profile.bio ?? '',
    country: profile.country ?? '',
    language: profile.language ?? '',
    data: profile.data,
    createTime: profile.createdAt,
    updateTime: profile.updatedAt,
  };
}
