import { AppError } from '../../errors/app-error.ts';
import { LONGEST_TOKEN } from '../../tokens/access-token-verifier.ts';

/** The access token that a question is about. @throws INVALID_REQUEST for one that is missing or too long */
export function presentedToken(accessToken: string, field = 'access_token'): string {
  if (accessToken === '' || Buffer.byteLength(accessToken) > LONGEST_TOKEN) {
    const violation = { field, description: `must have 1 to ${LONGEST_TOKEN} bytes` };
    throw new AppError('INVALID_REQUEST', { violations: [violation] });
  }
  return accessToken;
}
