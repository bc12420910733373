import type { Delay } from '../clock.ts';
import type { AuthFunctions } from '../db/auth-functions.ts';
import type { RotateKeys } from '../tokens/rotate-keys.ts';
import { CLOCK_MARGIN } from './confirm.ts';

type WithdrawKeyDeps = {
  readonly auth: Pick<AuthFunctions, 'listSigningKeys' | 'withdrawSigningKey'>;
  readonly rotateKeys: RotateKeys;
  readonly delay: Delay;
};

/** The first finds out whether the key signs; rotations that others do meanwhile may cost another one or two. */
const ATTEMPTS = 4;

/**
 * Takes a key out of use at once: for one that leaked. Resolves when no replica accepts a token that it signed, with whether
 * there was such a key. If it was the one that signs, another signs from the first moment on.
 */
export function createWithdrawKey({ auth, rotateKeys, delay }: WithdrawKeyDeps) {
  return async function withdrawKey(kid: string): Promise<boolean> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const { withdrawn, longestLease } = await auth.withdrawSigningKey(kid);
      if (withdrawn) {
        await delay(longestLease * CLOCK_MARGIN, new AbortController().signal);
        return true;
      }
      const keys = await auth.listSigningKeys();
      if (!keys.some((key) => key.kid === kid)) return false;
      // It is the one that signs. Another one that was published for later is dropped with this.
      await rotateKeys('now');
    }
    throw new Error(`The key ${kid} signs still: other keys were added at the same moment. Withdraw it again.`);
  };
}
