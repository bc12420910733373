import type { FileRegistry } from '@bufbuild/protobuf';
import type { ServerMiddleware } from 'nice-grpc-common';
import type { Clock } from '../clock.ts';
import { AppError } from '../errors/app-error.ts';
import type { Reason } from '../errors/reasons.ts';
import { LogoutScope } from '../gen/auth/v1/auth_service.ts';
import type { WithCaller } from '../grpc/middleware/authorize.ts';
import type { DpopNonces } from '../tokens/dpop-nonce.ts';
import type { VerifyDpopProof } from '../tokens/dpop-proof.ts';
import { sessionNamedBy } from '../tokens/refresh-token.ts';
import type { WithHttpHeaders } from './call-context.ts';
import { DEVICE_COOKIE, readTokenCookie, refreshCookieOf, removeTokenCookie } from './cookies.ts';
import type { CookieName, TokenCookie } from './cookies.ts';
import { fillFromCookies, putIntoCookies } from './message-cookies.ts';
import type { Message } from './message-cookies.ts';
import type { Origins } from './origins.ts';
import { findAllTokenFields } from './token-fields.ts';
import type { TokenFields } from './token-fields.ts';

type Deps = {
  readonly registry: FileRegistry;
  readonly origins: Origins;
  readonly nonces: Pick<DpopNonces, 'issue'>;
  readonly verifyProof: VerifyDpopProof;
  readonly clock: Pick<Clock, 'now'>;
};

/** What a Refresh answers whose cookie will never do anything again. A bound one is good still, for whoever has the key. */
const GOOD_FOR_NOTHING = new Set<Reason>([
  'REFRESH_TOKEN_UNKNOWN',
  'REFRESH_TOKEN_EXPIRED',
  'REFRESH_TOKEN_REUSED',
  'SESSION_ENDED',
]);

/** Calls behind which there is no session any more that the cookie could go on with. */
const ENDS_SESSION = new Map<string, (request: Message) => boolean>([
  ['/auth.v1.AuthService/Logout', ({ scope }) => scope !== LogoutScope.OTHER_SESSIONS],
  ['/accounts.v1.AccountsService/DeactivateAccount', () => true],
]);

const NO_TOKENS: TokenFields = {
  pairs: [],
  takesRefreshToken: false,
  takesDeviceToken: false,
  givesDeviceToken: false,
};

/**
 * Keeps refresh tokens and device tokens out of the reach of scripts: cookies in place of fields of messages, for calls that ask
 * for it (docs/adr/0017). It is the last of the chain, so that its refusals are refusals like all others, and nothing is
 * verified for callers who are over their limit.
 */
export function createRefreshCookie(deps: Deps): ServerMiddleware<object, WithCaller & WithHttpHeaders> {
  const { registry, origins, nonces, verifyProof, clock } = deps;
  const tokenFields = findAllTokenFields(registry);

  /**
   * The cookie that is asked for; null: none. It is, by a header that a page of another origin cannot send unasked, and the
   * origin, which a browser says and no page can forge.
   */
  function findCookie(headers: Headers): CookieName | null {
    const transport = headers.get('x-token-transport');
    if (transport === null) return null;
    if (transport !== 'cookie') {
      const violations = [{ field: 'x-token-transport', description: 'must be `cookie`, or not there' }];
      throw new AppError('INVALID_REQUEST', { violations });
    }
    const origin = headers.get('origin');
    if (origin === null || !origins.isAllowed(origin)) throw new AppError('ORIGIN_NOT_ALLOWED');
    return refreshCookieOf(origins.own().includes(origin) ? null : origin);
  }

  function proveKey(headers: Headers, path: string): string {
    const urls = origins.own().map((origin) => origin + path);
    const proved = verifyProof(headers.get('dpop') ?? '', { method: 'POST', urls });
    if ('reason' in proved) throw new AppError(proved.reason, { metadata: proved.metadata });
    return proved.clientKey;
  }

  return async function* refreshCookie(call, context) {
    const { path } = call.method;
    const endsSession = ENDS_SESSION.get(path);
    const fields = tokenFields.get(path) ?? (endsSession ? NO_TOKENS : null);
    if (!fields) return yield* call.next(call.request, context);
    const { requestHeader, responseHeader, caller } = context;
    const name = findCookie(requestHeader);
    if (!name) return yield* call.next(call.request, context);

    const header = requestHeader.get('cookie');
    const shown = { refresh: readTokenCookie(header, name), device: readTokenCookie(header, DEVICE_COOKIE) };
    const request = call.request as Message;
    const isProved = fields.pairs.length > 0;
    if (isProved) responseHeader.set('dpop-nonce', nonces.issue());
    try {
      const filled = fillFromCookies(fields, request, shown);
      const clientKey = isProved ? proveKey(requestHeader, path) : null;
      const proved = { ...context, caller: { ...caller, clientKey } };
      const response = yield* call.next(filled as typeof call.request, proved);
      if (endsSession?.(request) && isOf(shown.refresh, caller.user?.sessionId)) {
        responseHeader.append('set-cookie', removeTokenCookie(name));
      }
      const { rest, cookies } = putIntoCookies(fields, response as Message, name, clock.now());
      for (const cookie of cookies) responseHeader.append('set-cookie', cookie);
      return rest as NonNullable<typeof response>;
    } catch (error) {
      const isGoodForNothing = error instanceof AppError && GOOD_FOR_NOTHING.has(error.reason);
      // Of several, one is the browser's own: it would be that one which is removed.
      if (fields.takesRefreshToken && isGoodForNothing && shown.refresh !== 'several') {
        responseHeader.append('set-cookie', removeTokenCookie(name));
      }
      throw error;
    }
  };
}

/** Whether a cookie is that of the session: another one, of whomever, has not ended with it. */
function isOf(cookie: TokenCookie | null, sessionId: string | undefined): boolean {
  return cookie !== null && typeof cookie !== 'string' && sessionNamedBy(cookie.token) === sessionId;
}
