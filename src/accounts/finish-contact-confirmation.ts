import type { SignedInCaller } from '../caller.ts';
import type { ChallengeSecrets } from '../challenges/challenge-secrets.ts';
import { proofIsOver, readProof, redeem } from '../challenges/proof.ts';
import type { Proof } from '../challenges/proof.ts';
import type { UserContact } from '../db/contact-functions.ts';
import type { InTransaction } from '../db/transaction.ts';

type FinishContactConfirmationDeps = {
  readonly secrets: ChallengeSecrets;
  readonly inTransaction: InTransaction;
};

/**
 * Confirms a contact of the caller's by the link or the code that was sent to it. With CONTACT_TAKEN the transaction is rolled
 * back and the proof stays good for the rest of its time: should the other account give the contact up, it need not be sent
 * again. It gives no guess away: what was redeemed was right.
 */
export function createFinishContactConfirmation({ secrets, inTransaction }: FinishContactConfirmationDeps) {
  return async function finishContactConfirmation(
    input: { proof: Proof },
    { user, language }: SignedInCaller,
  ): Promise<UserContact> {
    const proof = readProof(secrets, 'contact_confirmation', input.proof, {
      token: 'token',
      handle: 'code.handle',
      code: 'code.code',
    });
    const finished = await inTransaction(async ({ challenges, contacts }) => {
      const redeemed = await redeem(challenges, proof, user.userId);
      if (redeemed.error) return redeemed;
      const { contactId } = redeemed;
      if (contactId === null) throw new Error('A confirmation without a contact was redeemed.');
      const contact = await contacts.confirmContact({ userId: user.userId, contactId, language });
      return { error: null, contact };
    });
    if (finished.error) throw finished.error;
    // It was given up while the message was on its way: what was sent is worth nothing any more.
    if (!finished.contact) throw proofIsOver(proof);
    return finished.contact;
  };
}

export type FinishContactConfirmation = ReturnType<typeof createFinishContactConfirmation>;
