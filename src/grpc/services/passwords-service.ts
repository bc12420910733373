import type { ServiceImplementation } from 'nice-grpc';
import type { PasswordsServiceDefinition } from '../../gen/auth/v1/passwords_service.ts';
import type { WithCaller } from '../middleware/authorize.ts';

type Deps = Readonly<Record<never, never>>;

/** auth.v1.PasswordsService: messages to inputs, results to messages. */
export function createPasswordsService(_deps: Deps): ServiceImplementation<PasswordsServiceDefinition, WithCaller> {
  return {
    // eslint-disable-next-line @typescript-eslint/require-await
    async changePassword() {
      throw new Error('To be written.');
    },
    // eslint-disable-next-line @typescript-eslint/require-await
    async setPassword() {
      throw new Error('To be written.');
    },
    // eslint-disable-next-line @typescript-eslint/require-await
    async startPasswordReset() {
      throw new Error('To be written.');
    },
    // eslint-disable-next-line @typescript-eslint/require-await
    async finishPasswordReset() {
      throw new Error('To be written.');
    },
  };
}
