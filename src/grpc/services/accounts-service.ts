import type { ServiceImplementation } from 'nice-grpc';
import type { CheckAvailability } from '../../accounts/check-availability.ts';
import type { ListRoles } from '../../accounts/list-roles.ts';
import type { AccountsServiceDefinition } from '../../gen/accounts/v1/accounts_service.ts';
import type { WithCaller } from '../middleware/authorize.ts';

type Deps = { readonly listRoles: ListRoles; readonly checkAvailability: CheckAvailability };

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
    async listContacts() {
      throw new Error('To be written.');
    },
    async addContact() {
      throw new Error('To be written.');
    },
    async startContactConfirmation() {
      throw new Error('To be written.');
    },
    async finishContactConfirmation() {
      throw new Error('To be written.');
    },
    async setPrimaryContact() {
      throw new Error('To be written.');
    },
    async deactivateContact() {
      throw new Error('To be written.');
    },
    async getProfile() {
      throw new Error('To be written.');
    },
    async updateProfile() {
      throw new Error('To be written.');
    },
    async deactivateAccount() {
      throw new Error('To be written.');
    },
  };
}
