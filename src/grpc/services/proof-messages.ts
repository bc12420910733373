import type { Proof } from '../../challenges/proof.ts';
import { AppError } from '../../errors/app-error.ts';
import type { CodeProof } from '../../gen/auth/v1/code.ts';

type ProofMessage = { $case: 'token'; value: string } | { $case: 'code'; value: CodeProof } | undefined;

/** The token of a link or a code, whichever was sent. */
export function toProof(proof: ProofMessage): Proof {
  if (!proof) {
    const violation = { field: 'proof', description: 'must be the token of a link, or a code with its handle' };
    throw new AppError('INVALID_REQUEST', { violations: [violation] });
  }
  return proof.$case === 'token' ? { method: 'link', token: proof.value } : { method: 'code', ...proof.value };
}
