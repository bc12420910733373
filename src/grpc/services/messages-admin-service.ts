import type { ServiceImplementation } from 'nice-grpc';
import type { MessagesAdminServiceDefinition } from '../../gen/auth/v1/messages_admin_service.ts';
import type { WithCaller } from '../middleware/authorize.ts';

type Deps = Readonly<Record<never, never>>;

/** auth.v1.MessagesAdminService: messages to inputs, results to messages. */
export function createMessagesAdminService(
  _deps: Deps,
): ServiceImplementation<MessagesAdminServiceDefinition, WithCaller> {
  return {
    // eslint-disable-next-line @typescript-eslint/require-await
    async listMessages() {
      throw new Error('To be written.');
    },
    // eslint-disable-next-line @typescript-eslint/require-await
    async resendMessage() {
      throw new Error('To be written.');
    },
  };
}
