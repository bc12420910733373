import { AppError } from '../errors/app-error.ts';
import type { TokenPair } from '../gen/auth/v1/token.ts';
import { DEVICE_COOKIE, REFRESH_COOKIE, readTokenCookie, writeTokenCookie } from './cookies.ts';
import type { TokenFields } from './token-fields.ts';

/** A request or a response as the chain has it. */
export type Message = Readonly<Record<string, unknown>>;

/** Seconds: as long as a device token is good. */
const DEVICE_MAX_AGE = 365 * 24 * 3600;

/** The request with the tokens that the header `cookie` has. */
export function fillFromCookies(fields: TokenFields, request: Message, header: string | null): Message {
  const filled: Record<string, unknown> = { ...request };
  if (fields.takesRefreshToken) {
    if (request['refreshToken'] !== '') {
      const violations = [{ field: 'refresh_token', description: 'must be empty: it is in the cookie' }];
      throw new AppError('INVALID_REQUEST', { violations });
    }
    const cookie = readTokenCookie(header, REFRESH_COOKIE);
    if (!cookie) throw new AppError('REFRESH_TOKEN_MISSING');
    if (cookie === 'broken') throw new AppError('REFRESH_TOKEN_UNKNOWN');
    filled['refreshToken'] = cookie.token;
  }
  if (fields.takesDeviceToken && request['deviceToken'] === '') {
    const cookie = readTokenCookie(header, DEVICE_COOKIE);
    // A broken one is none, as one of another account is.
    if (cookie && cookie !== 'broken') filled['deviceToken'] = cookie.token;
  }
  return filled;
}

/** The response without the tokens that are in cookies from now on, and the headers `set-cookie`. */
export function putIntoCookies(
  fields: TokenFields,
  response: Message,
  now: number,
): { readonly rest: Message; readonly cookies: readonly string[] } {
  const rest: Record<string, unknown> = { ...response };
  const cookies: string[] = [];
  for (const name of fields.pairs) {
    const pair = response[name] as TokenPair | undefined;
    if (!pair) continue;
    const maxAge = Math.floor(((pair.refreshTokenExpireTime?.getTime() ?? 0) - now) / 1000);
    cookies.push(writeTokenCookie(REFRESH_COOKIE, pair.refreshToken, Math.max(maxAge, 0)));
    rest[name] = { ...pair, refreshToken: '' };
  }
  if (fields.givesDeviceToken && response['deviceToken']) {
    cookies.push(writeTokenCookie(DEVICE_COOKIE, response['deviceToken'] as string, DEVICE_MAX_AGE));
    rest['deviceToken'] = '';
  }
  return { rest, cookies };
}
