import type { SignedInCaller } from '../caller.ts';
import type { PasswordFunctions } from '../db/password-functions.ts';
import { AppError } from '../errors/app-error.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import type { PasswordHasher } from './hasher.ts';
import { readNewPassword, requirePolicy } from './new-password.ts';
import type { CheckPasswordPolicy } from './policy.ts';
import type { Turns } from './turns.ts';

type SetPasswordDeps = {
  readonly passwords: Pick<PasswordFunctions, 'getPassword' | 'setPassword'>;
  readonly hasher: Pick<PasswordHasher, 'hash'>;
  readonly checkPassword: CheckPasswordPolicy;
  readonly turns: Turns;
};

type SetPasswordInput = { readonly newPassword: string };

/** Gives an account its first password. */
export function createSetPassword({ passwords, hasher, checkPassword, turns }: SetPasswordDeps) {
  return async function setPassword(
    input: SetPasswordInput,
    caller: SignedInCaller,
    signal: AbortSignal,
  ): Promise<void> {
    const check = createFieldCheck();
    const newPassword = readNewPassword(check, input.newPassword);
    check.throwIfAny();

    const { userId, sessionId } = caller.user;
    await turns(userId, async () => {
      // A look before the hash is computed; the function decides again under the lock of the user's row.
      const stored = await passwords.getPassword(userId);
      if (!stored) throw new AppError('TOKEN_REVOKED');
      if (stored.isGuest) throw new AppError('ACCOUNT_REQUIRED');
      if (stored.hash !== null) throw new AppError('PASSWORD_ALREADY_SET');
      requirePolicy(checkPassword, newPassword, stored.names);

      const newHash = await hasher.hash(newPassword, signal);
      await passwords.setPassword({ userId, sessionId, newHash, language: caller.language });
    });
  };
}

export type SetPassword = ReturnType<typeof createSetPassword>;
