import type { ServiceImplementation } from 'nice-grpc';
import type { UsersAdminServiceDefinition } from '../../gen/accounts/v1/users_admin_service.ts';
import type { BatchGetUsers } from '../../users/batch-get-users.ts';
import type { CreateUser } from '../../users/create-user.ts';
import type { DeactivateUser } from '../../users/deactivate-user.ts';
import type { DeleteUser } from '../../users/delete-user.ts';
import type { EndUserSessions } from '../../users/end-user-sessions.ts';
import type { GetUser } from '../../users/get-user.ts';
import type { ImportUsers } from '../../users/import-users.ts';
import type { ListUserSessions } from '../../users/list-user-sessions.ts';
import type { ListUsers } from '../../users/list-users.ts';
import type { ReactivateUser } from '../../users/reactivate-user.ts';
import type { ResetUserPassword } from '../../users/reset-user-password.ts';
import type { RestoreUser } from '../../users/restore-user.ts';
import type { RevokeUserTokens } from '../../users/revoke-user-tokens.ts';
import type { UpdateUser } from '../../users/update-user.ts';
import type { WithCaller } from '../middleware/authorize.ts';
import { signedIn } from '../signed-in.ts';
import { toImportBatches, toImportResponse } from './import-messages.ts';
import { toProfileValues } from './profile-messages.ts';
import { toSession } from './session-messages.ts';
import { readUserState, toUser } from './user-messages.ts';

type Service = ServiceImplementation<UsersAdminServiceDefinition, WithCaller>;

type Deps = {
  readonly createUser: CreateUser;
  readonly getUser: GetUser;
  readonly batchGetUsers: BatchGetUsers;
  readonly listUsers: ListUsers;
  readonly updateUser: UpdateUser;
  readonly deactivateUser: DeactivateUser;
  readonly reactivateUser: ReactivateUser;
  readonly deleteUser: DeleteUser;
  readonly restoreUser: RestoreUser;
  readonly resetUserPassword: ResetUserPassword;
  readonly listUserSessions: ListUserSessions;
  readonly endUserSessions: EndUserSessions;
  readonly revokeUserTokens: RevokeUserTokens;
  readonly importUsers: ImportUsers;
};

/** accounts.v1.UsersAdminService: messages to inputs, results to messages. */
export function createUsersAdminService(deps: Deps): Service {
  return {
    async createUser({ contacts, profile, roles, password }, { caller, signal }) {
      const input = { contacts, profile: toProfileValues(profile), roles, password };
      return { user: toUser(await deps.createUser(input, signedIn(caller), signal)) };
    },

    async getUser(request, { caller }) {
      return { user: toUser(await deps.getUser(request, signedIn(caller))) };
    },

    async batchGetUsers(request, { caller }) {
      return { users: (await deps.batchGetUsers(request, signedIn(caller))).map(toUser) };
    },

    async listUsers({ state, ...request }, { caller }) {
      const page = await deps.listUsers({ ...request, state: readUserState(state) }, signedIn(caller));
      return { users: page.users.map(toUser), nextPageToken: page.nextPageToken ?? '' };
    },

    async updateUser({ userId, profile, updateMask }, { caller }) {
      const input = { userId, profile: toProfileValues(profile), mask: updateMask ?? [] };
      return { user: toUser(await deps.updateUser(input, signedIn(caller))) };
    },

    async deactivateUser(request, { caller }) {
      const { user, ...ended } = await deps.deactivateUser(request, signedIn(caller));
      return { user: toUser(user), ...ended };
    },

    async reactivateUser(request, { caller }) {
      return { user: toUser(await deps.reactivateUser(request, signedIn(caller))) };
    },

    async deleteUser(request, { caller }) {
      const { user, ...ended } = await deps.deleteUser(request, signedIn(caller));
      return { user: toUser(user), ...ended };
    },

    async restoreUser(request, { caller }) {
      return { user: toUser(await deps.restoreUser(request, signedIn(caller))) };
    },

    async resetUserPassword(request, { caller }) {
      return await deps.resetUserPassword(request, signedIn(caller));
    },

    async listUserSessions(request, { caller }) {
      const sessions = await deps.listUserSessions(request, signedIn(caller));
      return { sessions: sessions.map((session) => toSession(session, session.isCurrent)) };
    },

    async endUserSessions(request, { caller }) {
      return await deps.endUserSessions(request, signedIn(caller));
    },

    async revokeUserTokens(request, { caller }) {
      return await deps.revokeUserTokens(request, signedIn(caller));
    },

    async *importUsers(requests, { caller }) {
      const batches = toImportBatches(requests);
      for await (const batch of deps.importUsers(batches, signedIn(caller))) yield toImportResponse(batch);
    },
  };
}
