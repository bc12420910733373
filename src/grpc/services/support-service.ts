import type { ServiceImplementation } from 'nice-grpc';
import type { SupportServiceDefinition } from '../../gen/accounts/v1/support_service.ts';
import type { WithCaller } from '../middleware/authorize.ts';

/** accounts.v1.SupportService: what staff may do for a person from the account page. */
export function createSupportService(): ServiceImplementation<SupportServiceDefinition, WithCaller> {
  return {
    async findUser() {
      throw new Error('unfinished');
    },
    async endSessionsOfUser() {
      throw new Error('unfinished');
    },
  };
}
