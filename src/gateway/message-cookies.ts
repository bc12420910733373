import { AppError } from '../errors/app-error.ts';
import type { TokenPair } from '../gen/auth/v1/token.ts';
import { sessionNamedBy } from '../tokens/refresh-token.ts';
import { DEVICE_COOKIE, writeTokenCookie } from './cookies.ts';
import type { CookieName, TokenCookie } from './cookies.ts';
import type { TokenFields } from './token-fields.ts';

/** A request or a response as the chain has it. */
export type Message = Readonly<Record<string, unknown>>;

/** Seconds: as long as a device token is good. */
const DEVICE_MAX_AGE = 365 * 24 * 3600;

type ShownCookies = { readonly refresh: TokenCookie | null; readonly device: TokenCookie | null };

/** The request with the tokens that cookies have. */
export function fillFromCookies(fields: TokenFields, request: Message, { refresh, device }: ShownCookies): Message {
  const filled: Record<string, unknown> = { ...request };
  if (fields.takesRefreshToken) {
    if (request['refreshToken'] !== '') {
      const violations = [{ field: 'refresh_token', description: 'must be empty: it is in the cookie' }];
      throw new AppError('INVALID_REQUEST', { violations });
    }
    if (!refresh) throw new AppError('REFRESH_TOKEN_MISSING');
    // Only bound ones are put into cookies: another one was planted, to have its owner's session go on here.
    if (typeof refresh === 'string' || sessionNamedBy(refresh.token) === null)
      throw new AppError('REFRESH_TOKEN_UNKNOWN');
    filled['refreshToken'] = refresh.token;
  }
  // A broken one is none, as one of another account is.
  if (fields.takesDeviceToken && request['deviceToken'] === '' && device && typeof device !== 'string') {
    filled['deviceToken'] = device.token;
  }
  return filled;
}

/** The response without the tokens that are in cookies from now on, and the headers `set-cookie`. */
export function putIntoCookies(
  fields: TokenFields,
  response: Message,
  refreshCookie: CookieName,
  now: number,
): { readonly rest: Message; readonly cookies: readonly string[] } {
  const rest: Record<string, unknown> = { ...response };
  const cookies: string[] = [];
  for (const name of fields.pairs) {
    const pair = response[name] as TokenPair | undefined;
    if (!pair) continue;
    const maxAge = Math.floor(((pair.refreshTokenExpireTime?.getTime() ?? 0) - now) / 1000);
    cookies.push(writeTokenCookie(refreshCookie, pair.refreshToken, Math.max(maxAge, 0)));
    rest[name] = { ...pair, refreshToken: '' };
  }
  if (fields.givesDeviceToken && response['deviceToken']) {
    cookies.push(writeTokenCookie(DEVICE_COOKIE, response['deviceToken'] as string, DEVICE_MAX_AGE));
    rest['deviceToken'] = '';
  }
  return { rest, cookies };
}
