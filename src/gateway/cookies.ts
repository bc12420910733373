import { parseCookie, stringifySetCookie } from 'cookie';

// The prefix keeps other hosts of the domain, and plain HTTP, from writing them (RFC 6265bis, section 4.1.3.2).
export const REFRESH_COOKIE = '__Host-refresh_token';
export const DEVICE_COOKIE = '__Host-device_token';

type CookieName = typeof REFRESH_COOKIE | typeof DEVICE_COOKIE;

/** No token of ours has another character, and none is longer. */
const TOKEN = /^[A-Za-z0-9_-]{1,512}$/;

/**
 * What the header `cookie` says of a token; null: nothing. A browser has one cookie of the name, and in it what we have put there:
 * whatever else comes is `broken`.
 */
export function readTokenCookie(header: string | null, name: CookieName): { readonly token: string } | 'broken' | null {
  const pairs = (header ?? '').split(';').map((pair) => parseCookie(pair, { decode: (text) => text })[name]);
  const [token, another] = pairs.filter((value) => value !== undefined);
  if (token === undefined) return null;
  return another === undefined && TOKEN.test(token) ? { token } : 'broken';
}

/** The header `set-cookie`. @param maxAge seconds */
export function writeTokenCookie(name: CookieName, value: string, maxAge: number): string {
  return stringifySetCookie({ name, value, maxAge, path: '/', secure: true, httpOnly: true, sameSite: 'strict' });
}

/** The header `set-cookie` that removes it. */
export function removeTokenCookie(name: CookieName): string {
  return writeTokenCookie(name, '', 0);
}
