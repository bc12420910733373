import type { LogoutScope } from '../../gen/web/auth/v1/auth_service_pb.js';
import { usePage } from '../page.ts';
import { useAction } from './use-action.ts';
import type { Action } from './use-action.ts';

/** Ends sessions of the person, this one among them. */
export function useLogOut(): {
  readonly action: Action;
  readonly logOut: (scope: LogoutScope, where?: 'stay') => void;
} {
  const { calls, session, router } = usePage();
  const action = useAction();
  const logOut = (scope: LogoutScope, where?: 'stay') =>
    void action.run(async () => {
      await calls.auth.logout({ scope });
      session.end();
      if (where !== 'stay') router.go('/login');
    });
  return { action, logOut };
}
