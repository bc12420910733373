import { AppError } from '../errors/app-error.ts';
import { reasons } from '../errors/reasons.ts';
import type { Reason } from '../errors/reasons.ts';
import type { VerifiedToken } from '../tokens/access-token-verifier.ts';
import { ROLE_NAME, readRouteOptions } from './route-options.ts';
import { shownToken } from './shown-token.ts';
import type { ValidateToken } from './validate-token.ts';

/** What a proxy says of a request that has come in, before it lets it through. */
type RequestToCheck = {
  readonly method: string;
  readonly authorization: string | undefined;
  readonly cookie: string | undefined;
  readonly origin: string | undefined;
  /** What the proxy's configuration says of the route, as it is written there. */
  readonly options: Iterable<readonly [key: string, value: string]>;
};

type Headers = Readonly<Record<string, string>>;

export type AllowedRequest = {
  readonly isAllowed: true;
  readonly userId: string | null;
  /** Who it is, for the service behind; without one that would be empty. */
  readonly headers: Headers;
  /** Those of these headers that say nothing here: what a client sent under their names must not reach the service. */
  readonly absent: readonly string[];
};

export type RefusedRequest = {
  readonly isAllowed: false;
  readonly status: 401 | 403 | 500 | 503;
  readonly reason: Reason;
  readonly headers: Headers;
  readonly body: { readonly reason: Reason; readonly message: string };
  /** What is behind it, for the log. */
  readonly cause?: unknown;
};

type Deps = {
  readonly validateToken: Pick<ValidateToken, 'one'>;
  readonly isAllowedOrigin: (origin: string) => boolean;
};

/** They cause nothing (RFC 9110, section 9.2.1), so a page of somebody else's may make a browser send them. */
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);
const IDENTITY_HEADERS = ['x-user-id', 'x-session-id', 'x-user-roles', 'x-auth-revision'];
const ANONYMOUS: AllowedRequest = { isAllowed: true, userId: null, headers: {}, absent: IDENTITY_HEADERS };
const RETRY_AFTER_SECONDS = 1;

/** Decides for a proxy whether a request passes, as ValidateToken does: from memory, almost always. */
export function createCheckRequest({ validateToken, isAllowedOrigin }: Deps) {
  return async function checkRequest(request: RequestToCheck): Promise<AllowedRequest | RefusedRequest> {
    const route = readRouteOptions(request.options);
    if ('problem' in route) return refuse('ROUTE_MISCONFIGURED', new Error(route.problem));

    const shown = shownToken(request.authorization, request.cookie);
    if (!shown) return route.isAnonymousAllowed ? ANONYMOUS : refuse('TOKEN_MISSING');
    if (shown.isCookie && !isFromAllowedPage(request)) return refuse('ORIGIN_NOT_ALLOWED');

    // A bad token is refused on an anonymous route, too: its client believes to be signed in, and would be served as
    // nobody, without a word, instead of refreshing.
    try {
      const { validation: token, revision } = await validateToken.one(shown.token, 'lease');
      if (typeof token === 'string') return refuse(token);
      const { requiredRoles } = route;
      const isEnough = requiredRoles.length === 0 || requiredRoles.some((role) => token.roles.includes(role));
      return isEnough ? allow(token, revision) : refuse('ROLE_REQUIRED');
    } catch (error) {
      // Not decided is not refused: a 401 would log people out.
      if (error instanceof AppError && error.reason === 'DEPENDENCY_UNAVAILABLE')
        return refuse(error.reason, error.cause);
      throw error;
    }
  };

  /**
   * A browser sends cookies along whoever asks it to (CSRF); only the page's origin tells. A page that shows a foreign one is
   * refused with every method: a WebSocket begins with GET.
   */
  function isFromAllowedPage({ method, origin }: RequestToCheck): boolean {
    return origin === undefined ? SAFE_METHODS.has(method) : isAllowedOrigin(origin);
  }
}

export type CheckRequest = ReturnType<typeof createCheckRequest>;

function allow({ userId, sessionId, roles }: VerifiedToken, revision: number): AllowedRequest {
  const named = roles.filter((role) => ROLE_NAME.test(role)).sort();
  const identity = { 'x-user-id': userId, 'x-session-id': sessionId, 'x-auth-revision': String(revision) };
  // Without a role there is no header: some proxies drop an empty one, and with it the order to overwrite the client's.
  if (named.length === 0) return { isAllowed: true, userId, headers: identity, absent: ['x-user-roles'] };
  return { isAllowed: true, userId, headers: { ...identity, 'x-user-roles': named.join(',') }, absent: [] };
}

function refuse(reason: Reason, cause?: unknown): RefusedRequest {
  const message = reasons[reason].text;
  const { status, headers } = answerTo(reason, message);
  return { isAllowed: false, status, reason, headers, body: { reason, message }, cause };
}

/** RFC 6750, section 3: a request that shows no token is told the scheme, and no error. */
function answerTo(reason: Reason, message: string): Pick<RefusedRequest, 'status' | 'headers'> {
  const challenge = (error: string) => ({
    'www-authenticate': `Bearer error="${error}", error_description="${message}"`,
  });
  switch (reason) {
    case 'TOKEN_MISSING':
      return { status: 401, headers: { 'www-authenticate': 'Bearer' } };
    case 'ROLE_REQUIRED':
      return { status: 403, headers: challenge('insufficient_scope') };
    case 'ORIGIN_NOT_ALLOWED':
      return { status: 403, headers: {} };
    case 'DEPENDENCY_UNAVAILABLE':
      return { status: 503, headers: { 'retry-after': String(RETRY_AFTER_SECONDS) } };
    case 'ROUTE_MISCONFIGURED':
      return { status: 500, headers: {} };
    default:
      return { status: 401, headers: challenge('invalid_token') };
  }
}
