import type { SignedInCaller } from '../caller.ts';
import type { MessageFunctions } from '../db/message-functions.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import { readId } from '../fields/ids.ts';

type Deps = { readonly messages: Pick<MessageFunctions, 'resendMessage'> };

/** Puts a dead message into the queue again. The database notes who did it. */
export function createResendMessage({ messages }: Deps) {
  return async function resendMessage(id: string, { user }: SignedInCaller): Promise<void> {
    const check = createFieldCheck();
    const messageId = readId(check, 'message_id', id);
    check.throwIfAny();
    await messages.resendMessage(messageId, user.userId);
  };
}

export type ResendMessage = ReturnType<typeof createResendMessage>;
