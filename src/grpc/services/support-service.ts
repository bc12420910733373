import type { ServiceImplementation } from 'nice-grpc';
import type { SupportServiceDefinition } from '../../gen/accounts/v1/support_service.ts';
import type { EndUserSessions } from '../../users/end-user-sessions.ts';
import type { FindUserForSupport } from '../../users/find-user-for-support.ts';
import type { WithCaller } from '../middleware/authorize.ts';
import { signedIn } from '../signed-in.ts';
import { toSession } from './session-messages.ts';
import { toHeldRole, toUserState } from './user-messages.ts';

type Deps = {
  readonly findUser: FindUserForSupport;
  readonly endSessionsOfUser: EndUserSessions;
};

/** accounts.v1.SupportService: what staff may do for a person from the account page. */
export function createSupportService(deps: Deps): ServiceImplementation<SupportServiceDefinition, WithCaller> {
  return {
    async findUser(request, { caller }) {
      const user = await deps.findUser(request, signedIn(caller));
      return {
        userId: user.id,
        state: toUserState(user.state),
        displayName: user.displayName ?? '',
        maskedContacts: [...user.maskedContacts],
        roles: user.roles.map(toHeldRole),
        createTime: user.createdAt,
        sessions: user.sessions.map((session) => toSession(session, session.isCurrent)),
      };
    },

    async endSessionsOfUser(request, { caller }) {
      return await deps.endSessionsOfUser(request, signedIn(caller));
    },
  };
}
