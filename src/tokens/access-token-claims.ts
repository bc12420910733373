const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const isUuid = (value: unknown): value is string => typeof value === 'string' && UUID.test(value);
const isTime = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0;
const isRoles = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((role) => typeof role === 'string' && role !== '');

/** The claims of our access tokens (RFC 9068, section 2.2, with `sid` and `roles`), or null if one is not as we issue it. */
export function parseClaims(
  payload: Readonly<Record<string, unknown>>,
  expected: { issuer: string; audience: string },
) {
  const { iss, aud, sub, sid, jti, iat, exp, nbf, roles } = payload;
  if (iss !== expected.issuer || aud !== expected.audience) return null;
  if (!isUuid(sub) || !isUuid(sid) || !isUuid(jti) || !isTime(iat) || !isTime(exp) || !isRoles(roles)) return null;
  // Ours are valid from their issue. One that names another time (RFC 7519, section 4.1.5) is not as we issue it.
  if (nbf !== undefined) return null;
  return { userId: sub, sessionId: sid, tokenId: jti, roles, issuedAt: iat * 1000, expiresAt: exp * 1000 };
}

/** What a token says of itself, as far as each claim has its form. Times are epoch milliseconds. */
export type ReadClaims = {
  readonly userId: string | null;
  readonly sessionId: string | null;
  readonly tokenId: string | null;
  readonly roles: readonly string[];
  readonly issuedAt: number | null;
  readonly expiresAt: number | null;
};

/** The end of the year 9999, the last time that can be written down (RFC 3339); in seconds. */
const LAST_TIME = 253_402_300_799;

/** Reads the claims of a token that is refused: each for itself, whoever the token is meant for. */
export function readClaims({ sub, sid, jti, iat, exp, roles }: Readonly<Record<string, unknown>>): ReadClaims {
  const timeOf = (value: unknown) => (isTime(value) && value <= LAST_TIME ? value * 1000 : null);
  return {
    userId: isUuid(sub) ? sub : null,
    sessionId: isUuid(sid) ? sid : null,
    tokenId: isUuid(jti) ? jti : null,
    roles: isRoles(roles) ? roles : [],
    issuedAt: timeOf(iat),
    expiresAt: timeOf(exp),
  };
}
