import type { ChallengePurpose } from '../db/challenge-functions.ts';

/** The pages of the front end that links lead to. A code needs none. */
const PATHS: { readonly [P in ChallengePurpose]: string | null } = {
  registration: '/registration',
  contact_confirmation: '/contact-confirmation',
  password_reset: '/password-reset',
  code_login: null,
  invitation: '/invitation',
};

/**
 * The link with a token, or null where there is none for the purpose. The base is a setting and nothing else: a link that
 * followed a header of the request would lead wherever an attacker says. The token is the fragment, which browsers send to
 * nobody: it is in no server's log and no `Referer`.
 */
export function linkWith(base: string, purpose: ChallengePurpose, token: string): string | null {
  const path = PATHS[purpose];
  return path === null ? null : `${base.replace(/\/+$/, '')}${path}#token=${token}`;
}
