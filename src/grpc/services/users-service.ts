import type { ServiceImplementation } from 'nice-grpc';
import type { UsersServiceDefinition } from '../../gen/accounts/v1/users_service.ts';
import type { LookUpUsers } from '../../users/look-up-users.ts';
import type { WithCaller } from '../middleware/authorize.ts';
import { toUser } from './user-messages.ts';

type Deps = { readonly lookUpUsers: LookUpUsers };

/** accounts.v1.UsersService: messages to inputs, results to messages. */
export function createUsersService(deps: Deps): ServiceImplementation<UsersServiceDefinition, WithCaller> {
  return {
    async lookUpUsers(request) {
      return { users: (await deps.lookUpUsers(request)).map(toUser) };
    },
  };
}
