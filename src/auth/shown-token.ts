/** Where a request has shown its access token; null: nowhere. A text that is no token is refused as one. */
type ShownToken = { readonly token: string; readonly isCookie: boolean } | null;

/**
 * The cookie that a front end's own server may set, so that a page can load what only a browser asks for by itself: images,
 * downloads. This service never sets it.
 */
const COOKIE = '__Host-access_token=';
/** Beside one that can be used: what is no token is TOKEN_MALFORMED, and not as if nothing had been shown. */
const NO_TOKEN = '';

/** The token of `authorization` (RFC 6750, section 2.1), or else of the cookie: whoever sends the header means it. */
export function shownToken(authorization: string | undefined, cookies: string | undefined): ShownToken {
  if (authorization !== undefined) {
    const [, token = NO_TOKEN] = /^Bearer ([^ ]+)$/i.exec(authorization) ?? [];
    return { token, isCookie: false };
  }
  const values = (cookies ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(COOKIE))
    .map((pair) => pair.slice(COOKIE.length));
  if (values.length === 0) return null;
  // A browser has one cookie of this name and host. Who sends two wants the one to be checked and the other to be used.
  const [token = NO_TOKEN, ...others] = values;
  return { token: others.length > 0 ? NO_TOKEN : token, isCookie: true };
}
