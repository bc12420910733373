import type { SignedInCaller } from '../caller.ts';
import type { MessageFunctions } from '../db/message-functions.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import { isUuid } from '../tokens/uuid.ts';

type Deps = { readonly messages: Pick<MessageFunctions, 'resendMessage'> };

/** Puts a dead message into the queue again. The database notes who did it. */
export function createResendMessage({ messages }: Deps) {
  return async function resendMessage(messageId: string, { user }: SignedInCaller): Promise<void> {
    const check = createFieldCheck();
    if (!isUuid(messageId)) check.refuse('message_id', 'must be the id of a message, a UUID');
    check.throwIfAny();
    await messages.resendMessage(messageId, user.userId);
  };
}

export type ResendMessage = ReturnType<typeof createResendMessage>;
