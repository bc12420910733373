import type { ServiceImplementation } from 'nice-grpc';
import type { RolesServiceDefinition } from '../../gen/accounts/v1/roles_service.ts';
import type { GrantRole } from '../../roles/grant-role.ts';
import type { ListAssignableRoles } from '../../roles/list-assignable-roles.ts';
import type { RevokeRole } from '../../roles/revoke-role.ts';
import type { WithCaller } from '../middleware/authorize.ts';
import { signedIn } from '../signed-in.ts';

type Deps = {
  readonly listAssignableRoles: ListAssignableRoles;
  readonly grantRole: GrantRole;
  readonly revokeRole: RevokeRole;
};

/** accounts.v1.RolesService: messages to inputs, results to messages. */
export function createRolesService(deps: Deps): ServiceImplementation<RolesServiceDefinition, WithCaller> {
  return {
    async listAssignableRoles(request, { caller }) {
      return { roles: [...(await deps.listAssignableRoles(request, signedIn(caller)))] };
    },

    async grantRole(request, { caller }) {
      const { isNew, revision } = await deps.grantRole(request, signedIn(caller));
      return { granted: isNew, revision };
    },

    async revokeRole(request, { caller }) {
      const { wasHeld, revision } = await deps.revokeRole(request, signedIn(caller));
      return { revoked: wasHeld, revision };
    },
  };
}
