import type { SignedInCaller } from '../caller.ts';
import type { AccountsFunctions } from '../db/accounts-functions.ts';
import { AppError } from '../errors/app-error.ts';

type NoteRefusalsDeps = { readonly accounts: Pick<AccountsFunctions, 'checkPermission'> };
type UseCase<Input, Output> = (input: Input, caller: SignedInCaller) => Promise<Output>;

/**
 * Wraps a use case whose stored function is the only one to ask for a permission, as no middleware does for USER methods. Its
 * refusal undoes all that its transaction has written, so the entry of the audit that the front door writes for ADMIN methods is
 * written behind it.
 * @param method for the entry, such as `accounts.v1.SupportService/FindUser`
 */
export function createNoteRefusals({ accounts }: NoteRefusalsDeps) {
  return function noteRefusals<Input, Output>(method: string, work: UseCase<Input, Output>): UseCase<Input, Output> {
    return async function noted(input, caller) {
      try {
        return await work(input, caller);
      } catch (error) {
        const permission = error instanceof AppError ? refusedPermission(error) : null;
        if (permission !== null) await accounts.checkPermission({ userId: caller.user.userId, permission, method });
        throw error;
      }
    };
  };
}

function refusedPermission({ reason, details }: AppError): string | null {
  return reason === 'PERMISSION_REQUIRED' ? (details.metadata?.['permission'] ?? null) : null;
}
