import type { Delay } from '../clock.ts';
import type { AuthFunctions } from '../db/auth-functions.ts';
import type { RotateKeys } from '../tokens/rotate-keys.ts';
import { CLOCK_MARGIN } from './confirm.ts';

export type WithdrawKeyDeps = {
  readonly auth: Pick<AuthFunctions, 'listSigningKeys' | 'withdrawSigningKey'>;
  readonly rotateKeys: RotateKeys;
  readonly delay: Delay;
};

/**
 * Takes a key out of use at once: for one that leaked. Resolves when no replica accepts a token that it signed, with whether
 * there was such a key. If it was the one that signs, another signs from the first moment on.
 */
export function createWithdrawKey({ auth, rotateKeys, delay }: WithdrawKeyDeps) {
  return async function withdrawKey(kid: string): Promise<boolean> {
    const keys = await auth.listSigningKeys();
    if (!keys.some((key) => key.kid === kid)) return false;
    // One that is published for later is dropped by this as well. Harmless where another key signs: it is a rotation.
    await rotateKeys('now');
    const { withdrawn, longestLease } = await auth.withdrawSigningKey(kid);
    await delay(longestLease * CLOCK_MARGIN, new AbortController().signal);
    return withdrawn;
  };
}
