import type { SignedInCaller } from '../caller.ts';
import type { AccountsFunctions } from '../db/accounts-functions.ts';
import { AppError } from '../errors/app-error.ts';

type NoteRefusalsDeps = { readonly accounts: Pick<AccountsFunctions, 'checkPermission' | 'noteRankRefusal'> };
type UseCase<Input, Output> = (input: Input, caller: SignedInCaller) => Promise<Output>;

/**
 * Wraps a use case whose stored function is the only one to ask for a permission, as no middleware does for USER methods. Its
 * refusal undoes all that its transaction has written, so the entry of the audit that the front door writes for ADMIN methods is
 * written behind it; and one of a refusal by rank, which only the stored function can know of. Each at most once a minute.
 * @param method for the entry, such as `accounts.v1.SupportService/FindUser`
 */
export function createNoteRefusals({ accounts }: NoteRefusalsDeps) {
  return function noteRefusals<Input extends object, Output>(
    method: string,
    work: UseCase<Input, Output>,
  ): UseCase<Input, Output> {
    return async function noted(input, caller) {
      try {
        return await work(input, caller);
      } catch (error) {
        if (error instanceof AppError) await note(error, input, caller.user.userId);
        throw error;
      }
    };

    async function note({ reason, details }: AppError, input: Input, actor: string): Promise<void> {
      const permission = details.metadata?.['permission'];
      if (reason === 'PERMISSION_REQUIRED' && permission !== undefined) {
        await accounts.checkPermission({ userId: actor, permission, method });
      }
      if (reason === 'USER_OUTRANKS_CALLER' && 'userId' in input && typeof input.userId === 'string') {
        await accounts.noteRankRefusal({ actor, userId: input.userId, method });
      }
    }
  };
}
