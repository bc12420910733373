import type { SignedInCaller } from '../caller.ts';
import type { StartChallenge } from '../challenges/start-challenge.ts';
import type { InTransaction } from '../db/transaction.ts';
import { maskContact } from './mask-contact.ts';
import { readUserId } from './user-ids.ts';

type ResetUserPasswordDeps = {
  readonly inTransaction: InTransaction;
  readonly startChallenge: StartChallenge;
};

/**
 * Sends a user what he sets a new password with, as if he had asked for it from a device that is not known. A message that is
 * refused leaves no event.
 */
export function createResetUserPassword({ inTransaction, startChallenge }: ResetUserPasswordDeps) {
  return async function resetUserPassword(
    input: { userId: string },
    caller: SignedInCaller,
  ): Promise<{ readonly sentTo: string }> {
    const userId = readUserId(input.userId);
    return await inTransaction(async ({ users, challenges }) => {
      const { type, value, channel } = await users.findResetContact({ actor: caller.user.userId, userId });
      await startChallenge(
        { purpose: 'password_reset', contactType: type, contact: value, channel },
        caller,
        challenges,
      );
      return { sentTo: maskContact({ type, value }) };
    });
  };
}

export type ResetUserPassword = ReturnType<typeof createResetUserPassword>;
