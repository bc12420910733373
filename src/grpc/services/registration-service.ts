import type { ServiceImplementation } from 'nice-grpc';
import type { CheckRegistration } from '../../registration/check-registration.ts';
import type { FinishRegistration } from '../../registration/finish-registration.ts';
import type { StartRegistration } from '../../registration/start-registration.ts';
import type { RegistrationServiceDefinition } from '../../gen/auth/v1/registration_service.ts';
import type { WithCaller } from '../middleware/authorize.ts';
import { toDuration } from './durations.ts';
import { toSignedInMessage } from './signed-in-messages.ts';

type Deps = {
  readonly startRegistration: StartRegistration;
  readonly checkRegistration: CheckRegistration;
  readonly finishRegistration: FinishRegistration;
};

/** auth.v1.RegistrationService: messages to inputs, results to messages. */
export function createRegistrationService(
  deps: Deps,
): ServiceImplementation<RegistrationServiceDefinition, WithCaller> {
  return {
    async startRegistration(request, { caller }) {
      const { lifetime, resendDelay } = await deps.startRegistration(request, caller);
      return { lifetime: toDuration(lifetime), resendDelay: toDuration(resendDelay) };
    },

    async checkRegistration(request) {
      const { contactType, contact, invitation, expiresAt } = await deps.checkRegistration(request);
      const [email, phone] = contactType === 'phone' ? ['', contact] : [contact, ''];
      return {
        email,
        phone,
        isInvitation: invitation !== null,
        expireTime: expiresAt,
        organisationName: invitation?.organisationName ?? '',
        roles: [...(invitation?.roles ?? [])],
      };
    },

    async finishRegistration(request, { caller, signal }) {
      const input = { ...request, profile: request.profile ?? {} };
      return toSignedInMessage(await deps.finishRegistration(input, caller, signal));
    },
  };
}
