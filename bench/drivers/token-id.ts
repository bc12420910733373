import { decodeJwt } from 'jose';

/** The claim `jti`, nothing verified. */
export function idOf(accessToken: string): string {
  const { jti } = decodeJwt(accessToken);
  if (jti === undefined) throw new Error('An access token has no id.');
  return jti;
}
