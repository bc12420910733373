import type { ServiceImplementation } from 'nice-grpc';
import type { RegistrationServiceDefinition } from '../../gen/auth/v1/registration_service.ts';
import type { WithCaller } from '../middleware/authorize.ts';

type Deps = Readonly<Record<never, never>>;

/** auth.v1.RegistrationService: messages to inputs, results to messages. */
export function createRegistrationService(
  _deps: Deps,
): ServiceImplementation<RegistrationServiceDefinition, WithCaller> {
  return {
    // eslint-disable-next-line @typescript-eslint/require-await
    async startRegistration() {
      throw new Error('To be written.');
    },
    // eslint-disable-next-line @typescript-eslint/require-await
    async checkRegistration() {
      throw new Error('To be written.');
    },
    // eslint-disable-next-line @typescript-eslint/require-await
    async finishRegistration() {
      throw new Error('To be written.');
    },
  };
}
