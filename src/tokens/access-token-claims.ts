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
