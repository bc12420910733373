import type { CallFunction } from './call-function.ts';
import { interval, oneRow } from './one-row.ts';

/** Those that a person asks for himself. */
export type OwnPurpose = 'registration' | 'code_login' | 'contact_confirmation' | 'password_reset';
export type ChallengePurpose = OwnPurpose | 'invitation';
export type ChallengeMethod = 'code' | 'link';

export type NewChallenge = {
  readonly id: string;
  readonly purpose: OwnPurpose;
  readonly method: ChallengeMethod;
  readonly contactType: string;
  /** As it is stored. */
  readonly contact: string;
  /** With `userId`: the contact to be confirmed, and whose it is; null for the other purposes. */
  readonly contactId: string | null;
  readonly userId: string | null;
  readonly secretHash: string;
  /** Milliseconds. */
  readonly lifetime: number;
  /** Whether a contact that nobody has is sent a code to log in with, too. */
  readonly registers: boolean;
  readonly language: string;
  readonly network: string | null;
  readonly contactLimit: number;
  readonly networkLimit: number;
  /** Whose counts are its own; null: those of everybody. */
  readonly device: string | null;
};

export type RedeemedChallenge = {
  readonly outcome: 'accepted' | 'wrong' | 'used' | 'gone';
  readonly userId: string | null;
  readonly contactType: string | null;
  readonly contact: string | null;
  readonly contactId: string | null;
  readonly triesLeft: number | null;
};

type CheckedChallenge = {
  readonly outcome: 'accepted' | 'used' | 'gone';
  readonly userId: string | null;
  readonly contact: string;
  readonly expiresAt: Date;
};

export type ChallengeFunctions = ReturnType<typeof createChallengeFunctions>;

/** Codes and links. What each function does is said in sql/functions/auth. */
export function createChallengeFunctions(call: CallFunction) {
  return {
    /** @returns milliseconds until the next one may be asked for */
    async startChallenge(challenge: NewChallenge): Promise<number> {
      const row = oneRow(
        await call<{ start_challenge: number }>('auth.start_challenge', [
          challenge.id,
          challenge.purpose,
          challenge.method,
          challenge.contactType,
          challenge.contact,
          challenge.contactId,
          challenge.userId,
          challenge.secretHash,
          interval(challenge.lifetime),
          challenge.registers,
          challenge.language,
          challenge.network,
          challenge.contactLimit,
          challenge.networkLimit,
          challenge.device,
        ]),
      );
      return row.start_challenge * 1000;
    },

    async redeemChallenge(proof: {
      id: string;
      purpose: ChallengePurpose;
      secretHash: string;
      /** The only one who may; null: whoever has the secret. */
      userId: string | null;
    }): Promise<RedeemedChallenge> {
      const row = oneRow(
        await call<{
          outcome: RedeemedChallenge['outcome'];
          user_id: string | null;
          contact_type: string | null;
          contact: string | null;
          contact_id: string | null;
          tries_left: number | null;
        }>('auth.redeem_challenge', [proof.id, proof.purpose, proof.secretHash, proof.userId]),
      );
      return {
        outcome: row.outcome,
        userId: row.user_id,
        contactType: row.contact_type,
        contact: row.contact,
        contactId: row.contact_id,
        triesLeft: row.tries_left,
      };
    },

    /** Of a link, without using it up; null for an unknown one. */
    async checkChallenge(proof: {
      id: string;
      purpose: ChallengePurpose;
      secretHash: string;
    }): Promise<CheckedChallenge | null> {
      type Row = { outcome: CheckedChallenge['outcome']; user_id: string | null; contact: string; expires_at: Date };
      const [row] = await call<Row>('auth.check_challenge', [proof.id, proof.purpose, proof.secretHash]);
      return row
        ? { outcome: row.outcome, userId: row.user_id, contact: row.contact, expiresAt: row.expires_at }
        : null;
    },
  };
}
