import type { Interceptor } from '@connectrpc/connect';
import { reasonOf } from '../calls/failure.ts';
import type { Reason } from '../calls/failure.ts';
import { givesTokens, needsAccessToken, tokensOf } from './methods.ts';
import type { Session } from './session.ts';

/** What says that an access token is over; a new one may be had. */
const OVER: ReadonlySet<Reason | null> = new Set<Reason>([
  'TOKEN_EXPIRED',
  'TOKEN_REVOKED',
  'TOKEN_KEY_UNKNOWN',
  'TOKEN_SIGNATURE_INVALID',
  'TOKEN_CLAIMS_INVALID',
  'TOKEN_MALFORMED',
]);

/**
 * Attaches the access token where one is needed. One that is refused is refreshed, and the call repeated, once: for the person
 * who has made it, never for one who has logged in meanwhile.
 */
export function createAccessToken(session: Pick<Session, 'accessToken' | 'replace'>): Interceptor {
  return (next) => async (request) => {
    if (!needsAccessToken(request.method)) return await next(request);
    const token = await session.accessToken();
    request.header.set('authorization', `Bearer ${token.accessToken}`);
    try {
      return await next(request);
    } catch (error) {
      if (!OVER.has(reasonOf(error))) throw error;
      request.header.set('authorization', `Bearer ${(await session.replace(token)).accessToken}`);
      return await next(request);
    }
  };
}

/** Whatever call gives out tokens begins a session: views need not know which do. */
export function createKeepTokens(session: Pick<Session, 'begin'>): Interceptor {
  return (next) => async (request) => {
    const response = await next(request);
    if (givesTokens(request.method) && !response.stream) {
      const tokens = tokensOf(response.method, response.message);
      if (tokens) session.begin(tokens);
    }
    return response;
  };
}
