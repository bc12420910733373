import type { ChallengeFunctions, ChallengePurpose, RedeemedChallenge } from '../db/challenge-functions.ts';
import { AppError } from '../errors/app-error.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import { isCanonicalUuid } from '../tokens/uuid.ts';
import type { ChallengeSecrets, ReadSecret } from './challenge-secrets.ts';

/** What a person shows to prove that a contact is his. */
export type Proof =
  | { readonly method: 'link'; readonly token: string }
  | { readonly method: 'code'; readonly handle: string; readonly code: string };

/** A proof that has the right form; whether it is right, the database decides. */
export type ReadProof = ReadSecret & { readonly method: Proof['method']; readonly purpose: ChallengePurpose };

/** What a proof has shown, or why not. */
type Redeemed =
  | {
      readonly error: null;
      readonly userId: string | null;
      readonly contactType: string;
      readonly contact: string;
      readonly contactId: string | null;
    }
  | { readonly error: AppError };

/** The names of the fields in the request, for what is wrong with them. */
type ProofFields = { readonly token: string; readonly handle: string; readonly code: string };

const CODE = /^\d{6}$/;

/** @throws INVALID_REQUEST for what has not the form of one; LINK_INVALID for a token that is not ours */
export function readProof(
  secrets: ChallengeSecrets,
  purpose: ChallengePurpose,
  proof: Proof,
  fields: ProofFields,
): ReadProof {
  const check = createFieldCheck();
  if (proof.method === 'link') {
    if (proof.token === '') check.refuse(fields.token, 'must be the token of the link');
    check.throwIfAny();
    const read = secrets.readLinkToken(proof.token, purpose);
    if (!read) throw new AppError('LINK_INVALID');
    return { ...read, method: 'link', purpose };
  }
  if (!isCanonicalUuid(proof.handle))
    check.refuse(fields.handle, 'must be the handle that the code was asked for with');
  if (!CODE.test(proof.code)) check.refuse(fields.code, 'must be 6 digits');
  check.throwIfAny();
  return { id: proof.handle, secretHash: secrets.hashCode(proof.handle, proof.code), method: 'code', purpose };
}

/**
 * Uses a proof up, in the transaction of what it is for. A refusal is returned and has to be thrown after the commit: a wrong
 * code has been counted, and a rollback would give the guess back.
 * @param userId the only one who may; null: whoever has the proof
 */
export async function redeem(
  challenges: Pick<ChallengeFunctions, 'redeemChallenge'>,
  proof: ReadProof,
  userId: string | null = null,
): Promise<Redeemed> {
  const { id, purpose, secretHash } = proof;
  const redeemed = await challenges.redeemChallenge({ id, purpose, secretHash, userId });
  const { outcome, contactType, contact } = redeemed;
  if (outcome === 'accepted' && contactType !== null && contact !== null) {
    return { error: null, userId: redeemed.userId, contactType, contact, contactId: redeemed.contactId };
  }
  return { error: refusalOf(proof, redeemed) };
}

/** The refusal of a proof that was right once, or is of no use to anybody. */
export function proofIsOver({ method }: Pick<Proof, 'method'>): AppError {
  return new AppError(method === 'link' ? 'LINK_INVALID' : 'CODE_EXPIRED');
}

function refusalOf(proof: Pick<Proof, 'method'>, { outcome, triesLeft }: RedeemedChallenge): AppError {
  if (proof.method === 'link' || outcome !== 'wrong') return proofIsOver(proof);
  return new AppError('CODE_INVALID', { metadata: { tries_left: String(triesLeft ?? 0) } });
}
