/**
 * The access token of an `authorization` header (RFC 6750, section 2.1). null: there is no header; an empty text: it has
 * something else, which is no token.
 */
export function bearerToken(header: string | undefined): string | null {
  if (header === undefined) return null;
  const [, token = ''] = /^Bearer ([^ ]+)$/i.exec(header) ?? [];
  return token;
}
