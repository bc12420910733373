import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { LEEWAY } from './access-token-verifier.ts';

/**
 * Nonces of proofs (RFC 9449, section 8): the base64url of
 *
 *     time of issue (8 bytes, milliseconds) | the first half of HMAC-SHA-256 of it (16)
 *
 * Nothing is stored, so every replica takes those of all others.
 */
export type DpopNonces = {
  readonly issue: () => string;
  readonly isGood: (nonce: string) => boolean;
};

/** How long a nonce can be used, in milliseconds: as long as a proof of a client whose clock is right. */
export const NONCE_LIFETIME = 5 * 60_000;

const TIME_BYTES = 8;
const MAC_BYTES = 16;
const FORM = /^[A-Za-z0-9_-]{32}$/;

export function createDpopNonces({ key, clock }: { key: Buffer; clock: Pick<Clock, 'now'> }): DpopNonces {
  const macKey = createSecretKey(key);
  const macOf = (time: Buffer) => createHmac('sha256', macKey).update(time).digest().subarray(0, MAC_BYTES);

  return {
    issue() {
      const time = Buffer.alloc(TIME_BYTES);
      time.writeBigUInt64BE(BigInt(clock.now()));
      return Buffer.concat([time, macOf(time)]).toString('base64url');
    },
    isGood(nonce) {
      if (!FORM.test(nonce)) return false;
      const bytes = Buffer.from(nonce, 'base64url');
      const time = bytes.subarray(0, TIME_BYTES);
      if (!timingSafeEqual(macOf(time), bytes.subarray(TIME_BYTES))) return false;
      const age = clock.now() - Number(time.readBigUInt64BE());
      return age <= NONCE_LIFETIME && age >= -LEEWAY;
    },
  };
}
