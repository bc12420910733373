import type { ServiceImplementation } from 'nice-grpc';
import type { ListedMessages, ListMessages } from '../../auth/list-messages.ts';
import type { ResendMessage } from '../../auth/resend-message.ts';
import { MessageState } from '../../gen/auth/v1/messages_admin_service.ts';
import type { MessagesAdminServiceDefinition } from '../../gen/auth/v1/messages_admin_service.ts';
import type { WithCaller } from '../middleware/authorize.ts';
import { signedIn } from '../signed-in.ts';

type Deps = { readonly listMessages: ListMessages; readonly resendMessage: ResendMessage };
type ListedMessage = ListedMessages['messages'][number];

/** auth.v1.MessagesAdminService: messages to inputs, results to messages. */
export function createMessagesAdminService(
  deps: Deps,
): ServiceImplementation<MessagesAdminServiceDefinition, WithCaller> {
  return {
    async listMessages({ state, pageSize, pageToken }) {
      const page = await deps.listMessages({ state: readState(state), pageSize, pageToken });
      return { messages: page.messages.map(toMessage), nextPageToken: page.nextPageToken ?? '' };
    },
    async resendMessage({ messageId }, { caller }) {
      await deps.resendMessage(messageId, signedIn(caller));
      return {};
    },
  };
}

const STATES = {
  pending: MessageState.PENDING,
  sending: MessageState.SENDING,
  sent: MessageState.SENT,
  dead: MessageState.DEAD,
} as const satisfies Record<ListedMessage['state'], MessageState>;

function readState(state: MessageState): ListedMessage['state'] | null {
  if (state === MessageState.UNSPECIFIED) return 'dead';
  for (const [name, value] of Object.entries(STATES)) if (value === state) return name as ListedMessage['state'];
  return null;
}

function toMessage(message: ListedMessage) {
  const { id, channel, recipient, template, language, state, attempts } = message;
  return {
    messageId: id,
    channel,
    recipient,
    template,
    language,
    state: STATES[state],
    attempts,
    lastError: message.lastError ?? '',
    createTime: message.createdAt,
    expireTime: message.expiresAt,
    sendTime: message.sentAt ?? undefined,
  };
}
