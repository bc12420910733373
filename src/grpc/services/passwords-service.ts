import type { ServiceImplementation } from 'nice-grpc';
import type { PasswordsServiceDefinition } from '../../gen/auth/v1/passwords_service.ts';
import type { ChangePassword } from '../../passwords/change-password.ts';
import type { FinishPasswordReset } from '../../passwords/finish-password-reset.ts';
import type { SetPassword } from '../../passwords/set-password.ts';
import type { StartPasswordReset } from '../../passwords/start-password-reset.ts';
import type { WithCaller } from '../middleware/authorize.ts';
import { signedIn } from '../signed-in.ts';
import { toDuration } from './durations.ts';
import { toProof } from './proof-messages.ts';

type Deps = {
  readonly changePassword: ChangePassword;
  readonly setPassword: SetPassword;
  readonly startPasswordReset: StartPasswordReset;
  readonly finishPasswordReset: FinishPasswordReset;
};

/** auth.v1.PasswordsService: messages to inputs, results to messages. */
export function createPasswordsService(deps: Deps): ServiceImplementation<PasswordsServiceDefinition, WithCaller> {
  return {
    async changePassword(request, { caller, signal }) {
      return await deps.changePassword(request, signedIn(caller), signal);
    },

    async setPassword(request, { caller, signal }) {
      await deps.setPassword(request, signedIn(caller), signal);
      return {};
    },

    async startPasswordReset(request, { caller }) {
      const { handle, lifetime, resendDelay } = await deps.startPasswordReset(request, caller);
      return { handle, lifetime: toDuration(lifetime), resendDelay: toDuration(resendDelay) };
    },

    async finishPasswordReset({ proof, newPassword }, { caller, signal }) {
      return await deps.finishPasswordReset({ proof: toProof(proof), newPassword }, caller, signal);
    },
  };
}
