import type { ServiceImplementation } from 'nice-grpc';
import type { Logout } from '../../auth/logout.ts';
import type { SessionsServiceDefinition } from '../../gen/auth/v1/sessions_service.ts';
import type { EndSession } from '../../sessions/end-session.ts';
import type { ListSessions } from '../../sessions/list-sessions.ts';
import type { WithCaller } from '../middleware/authorize.ts';
import { signedIn } from '../signed-in.ts';
import { toSession } from './session-messages.ts';

type Deps = { readonly listSessions: ListSessions; readonly endSession: EndSession; readonly logout: Logout };

/** auth.v1.SessionsService: messages to inputs, results to messages. */
export function createSessionsService(deps: Deps): ServiceImplementation<SessionsServiceDefinition, WithCaller> {
  return {
    async listSessions(_request, { caller }) {
      const sessions = await deps.listSessions(signedIn(caller));
      return { sessions: sessions.map((session) => toSession(session, session.isCurrent)) };
    },

    async endSession(request, { caller }) {
      return await deps.endSession(request, signedIn(caller));
    },

    async endOtherSessions(_request, { caller }) {
      return await deps.logout({ scope: 'others' }, signedIn(caller));
    },
  };
}
