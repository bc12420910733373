import type { LoginAttempts } from '../auth/login-attempts.ts';
import { sessionSubjects } from '../auth/login-attempts.ts';
import type { SignedInCaller } from '../caller.ts';
import type { AuthFunctions } from '../db/auth-functions.ts';
import type { EndedSessions, PasswordFunctions } from '../db/password-functions.ts';
import type { InTransaction } from '../db/transaction.ts';
import { AppError } from '../errors/app-error.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import type { ConfirmRevocation } from '../revocation/confirm.ts';
import type { PasswordHasher } from './hasher.ts';
import { readNewPassword, requirePolicy } from './new-password.ts';
import { PASSWORD_FORM, normalPassword } from './password-text.ts';
import type { CheckPasswordPolicy } from './policy.ts';
import type { Turns } from './turns.ts';

type ChangePasswordDeps = {
  readonly inTransaction: InTransaction;
  readonly passwords: Pick<PasswordFunctions, 'getPassword'>;
  readonly auth: Pick<AuthFunctions, 'appendEvent'>;
  readonly attempts: LoginAttempts;
  readonly hasher: Pick<PasswordHasher, 'hash' | 'verify'>;
  readonly checkPassword: CheckPasswordPolicy;
  readonly confirmRevocation: ConfirmRevocation;
  readonly turns: Turns;
};

type ChangePasswordInput = { readonly currentPassword: string; readonly newPassword: string };
type ChangedPassword = { readonly endedSessions: number; readonly revision: number };

/** How often the hash may have become another one while it was checked: logins raise it, others change it. */
const MOST_ROUNDS = 3;

/** Replaces the password of somebody who knows it. Resolves when no replica accepts the tokens of his other sessions. */
export function createChangePassword(deps: ChangePasswordDeps) {
  return async function changePassword(
    input: ChangePasswordInput,
    caller: SignedInCaller,
    signal: AbortSignal,
  ): Promise<ChangedPassword> {
    const check = createFieldCheck();
    const current = check.accept('current_password', normalPassword(input.currentPassword), PASSWORD_FORM);
    const newPassword = readNewPassword(check, input.newPassword);
    check.throwIfAny();

    const { userId, sessionId } = caller.user;
    const stored = await storedPassword(userId);
    // Before the attempt is taken: what is wrong here says nothing of the current password.
    requirePolicy(deps.checkPassword, newPassword, stored.names);

    // Counted by session: strangers, who have none, cannot keep the owner from it.
    const subjects = sessionSubjects(userId, sessionId);
    await deps.attempts.reserve(subjects);
    const committed = await deps
      .turns(userId, () => change(stored.hash))
      .catch(async (error: unknown) => {
        await deps.attempts.release(subjects);
        throw error;
      });
    if (!committed) {
      await deps.auth.appendEvent({ type: 'login.failed', userId, sessionId });
      throw new AppError('CURRENT_PASSWORD_WRONG');
    }
    await deps.confirmRevocation(committed);
    return { endedSessions: committed.ended, revision: committed.revision };

    /** null: the current password is another one. */
    async function change(firstHash: string): Promise<EndedSessions | null> {
      let oldHash = firstHash;
      let newHash: string | null = null;
      for (let round = 1; round <= MOST_ROUNDS; round += 1) {
        if (!(await deps.hasher.verify(current, oldHash, signal))) return null;
        newHash ??= await deps.hasher.hash(newPassword, signal);
        const replacement = { userId, sessionId, oldHash, newHash, language: caller.language };
        const changed = await deps.inTransaction(async ({ passwords, auth }) => {
          const ended = await passwords.changePassword(replacement);
          if (ended) await auth.forgiveLoginAttempts(subjects.account);
          return ended;
        });
        if (changed) return changed;
        // A login has raised its cost, or somebody else was faster: then the current password is not the current one any more.
        const other = await storedPassword(userId);
        oldHash = other.hash;
      }
      return null;
    }
  };

  async function storedPassword(userId: string) {
    const stored = await deps.passwords.getPassword(userId);
    if (!stored) throw new AppError('TOKEN_REVOKED');
    if (stored.isGuest) throw new AppError('ACCOUNT_REQUIRED');
    if (stored.hash === null) throw new AppError('PASSWORD_NOT_SET');
    return { ...stored, hash: stored.hash };
  }
}

export type ChangePassword = ReturnType<typeof createChangePassword>;
