import type { VerifiedToken } from '../tokens/access-token-verifier.ts';
import type { RevocationView } from './view.ts';

/** A token with the roles that its user holds now, where the view knows of others than it says. */
export type WithCurrentRoles = (token: VerifiedToken) => VerifiedToken;

/** What is answered for a token is one object until its roles change again: answers are encoded once for an object. */
export function createWithCurrentRoles(view: Pick<RevocationView, 'rolesOf'>): WithCurrentRoles {
  const renewed = new WeakMap<VerifiedToken, VerifiedToken>();
  return (token) => {
    const roles = view.rolesOf(token.userId);
    if (!roles) return token;
    const known = renewed.get(token);
    if (known?.roles === roles) return known;
    const current = Object.freeze({ ...token, roles });
    renewed.set(token, current);
    return current;
  };
}
