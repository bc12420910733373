import { hash } from 'node:crypto';
import { parseCookie, stringifySetCookie } from 'cookie';

// The prefix keeps other hosts of the domain, and plain HTTP, from writing them (RFC 6265bis, section 4.1.3.2).
const REFRESH_COOKIE = '__Host-refresh_token';
export const DEVICE_COOKIE = '__Host-device_token';

export type CookieName = `${typeof REFRESH_COOKIE}${string}` | typeof DEVICE_COOKIE;

/**
 * Where the refresh token of a page is. Browsers keep keys by the origin of the page, and cookies by the host of the listener:
 * pages of two origins would overwrite each other's token with one that is bound to a key which only the other has.
 *
 * @param origin of the page; null: it is one of the listener's own
 */
export function refreshCookieOf(origin: string | null): CookieName {
  return origin === null ? REFRESH_COOKIE : `${REFRESH_COOKIE}-${hash('sha256', origin).slice(0, 8)}`;
}

/** No token of ours has another character, and none is longer. */
const TOKEN = /^[A-Za-z0-9_-]{1,512}$/;

/** What stands in a cookie of ours. */
export type TokenCookie = { readonly token: string } | 'broken' | 'several';

/**
 * What the header `cookie` says of a token; null: nothing. A browser has one cookie of the name, and in it what we have put there:
 * whatever else comes is `broken`; of `several`, one may be good.
 */
export function readTokenCookie(header: string | null, name: CookieName): TokenCookie | null {
  const pairs = (header ?? '').split(';').map((pair) => parseCookie(pair, { decode: (text) => text })[name]);
  const [token, another] = pairs.filter((value) => value !== undefined);
  if (token === undefined) return null;
  if (another !== undefined) return 'several';
  return TOKEN.test(token) ? { token } : 'broken';
}

/** The header `set-cookie`. @param maxAge seconds */
export function writeTokenCookie(name: CookieName, value: string, maxAge: number): string {
  return stringifySetCookie({ name, value, maxAge, path: '/', secure: true, httpOnly: true, sameSite: 'strict' });
}

/** The header `set-cookie` that removes it. */
export function removeTokenCookie(name: CookieName): string {
  return writeTokenCookie(name, '', 0);
}
