import type { Caller } from '../caller.ts';
import type { ChallengeSecrets } from '../challenges/challenge-secrets.ts';
import { proofIsOver, readProof, redeem } from '../challenges/proof.ts';
import type { Proof, ReadProof } from '../challenges/proof.ts';
import type { ChallengeFunctions } from '../db/challenge-functions.ts';
import type { PasswordFunctions } from '../db/password-functions.ts';
import type { InTransaction } from '../db/transaction.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import type { ConfirmRevocation } from '../revocation/confirm.ts';
import type { PasswordHasher } from './hasher.ts';
import { readNewPassword, requirePolicy } from './new-password.ts';
import type { CheckPasswordPolicy } from './policy.ts';

type FinishPasswordResetDeps = {
  readonly inTransaction: InTransaction;
  readonly challenges: Pick<ChallengeFunctions, 'checkChallenge'>;
  readonly passwords: Pick<PasswordFunctions, 'getPassword'>;
  readonly secrets: ChallengeSecrets;
  readonly hasher: Pick<PasswordHasher, 'hash'>;
  readonly checkPassword: CheckPasswordPolicy;
  readonly confirmRevocation: ConfirmRevocation;
};

type FinishPasswordResetInput = { readonly proof: Proof; readonly newPassword: string };
type FinishedPasswordReset = { readonly endedSessions: number; readonly revision: number };

const FIELDS = { token: 'token', handle: 'code.handle', code: 'code.code' };

/**
 * Replaces a forgotten password. Resolves when no replica accepts the tokens that the account had.
 *
 * The proof is looked at first, then the hash is computed, then the proof is used up in the transaction that sets the password:
 * - a wrong proof costs no hash, and a wrong code is counted before there is one: a hasher that is busy gives no guess back;
 * - a right one is left as it is by everything that may still fail: a weak password, a busy hasher, a caller who leaves.
 * Somebody with a right proof may have some hashes computed at once; one of them is used.
 */
export function createFinishPasswordReset(deps: FinishPasswordResetDeps) {
  return async function finishPasswordReset(
    input: FinishPasswordResetInput,
    caller: Caller,
    signal: AbortSignal,
  ): Promise<FinishedPasswordReset> {
    const check = createFieldCheck();
    const newPassword = readNewPassword(check, input.newPassword);
    check.throwIfAny();
    const proof = readProof(deps.secrets, 'password_reset', input.proof, FIELDS);

    const userId = await holderOf(proof);
    const stored = userId === null ? null : await deps.passwords.getPassword(userId);
    if (!stored) throw proofIsOver(proof);
    requirePolicy(deps.checkPassword, newPassword, stored.names);

    const newHash = await deps.hasher.hash(newPassword, signal);
    const { refusal, ended } = await deps.inTransaction(async ({ challenges, passwords }) => {
      const redeemed = await redeem(challenges, proof);
      if (redeemed.error) return { refusal: redeemed.error };
      const reset =
        redeemed.userId === null
          ? null
          : await passwords.resetPassword({ userId: redeemed.userId, newHash, language: caller.language });
      return reset ? { ended: reset } : { refusal: proofIsOver(proof) };
    });
    if (!ended) throw refusal;
    await deps.confirmRevocation(ended);
    return { endedSessions: ended.ended, revision: ended.revision };
  };

  /** Whose password a proof is good for, now; null: nobody's. @throws what is wrong with the proof */
  async function holderOf(proof: ReadProof): Promise<string | null> {
    if (proof.method === 'link') {
      const checked = await deps.challenges.checkChallenge(proof);
      if (checked?.outcome !== 'accepted') throw proofIsOver(proof);
      return checked.userId;
    }
    // A look at a code is a guess. So it is redeemed: a wrong one stays counted, and the redemption of a right one is undone.
    const undo = new Error('The redemption of a right code is rolled back.');
    let holder: string | null = null;
    const refusal = await deps
      .inTransaction(async ({ challenges }) => {
        const redeemed = await redeem(challenges, proof);
        if (redeemed.error) return redeemed.error;
        holder = redeemed.userId;
        throw undo;
      })
      .catch((error: unknown) => {
        if (error !== undo) throw error;
        return null;
      });
    if (refusal) throw refusal;
    return holder;
  }
}

export type FinishPasswordReset = ReturnType<typeof createFinishPasswordReset>;
