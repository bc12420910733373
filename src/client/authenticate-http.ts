import type { IncomingMessage, ServerResponse } from 'node:http';
import { httpRefusal } from './http-refusal.ts';
import { identify } from './identify.ts';
import type { AuthenticateOptions, Verify, WithOptionalPrincipal, WithPrincipal } from './identify.ts';

/**
 * For `node:http`: resolves to who calls, or has answered the request and resolves to null. 401 with `WWW-Authenticate`
 * (RFC 6750) for a request without a live access token, 503 with `Retry-After` for one that cannot be decided on; the body
 * of both is JSON: `reason` and `message`.
 */
export function authenticateHttp(
  verifier: Verify,
  options: AuthenticateOptions & { readonly optional: true },
): (request: IncomingMessage, response: ServerResponse) => Promise<WithOptionalPrincipal | null>;
export function authenticateHttp(
  verifier: Verify,
  options?: { readonly optional?: false },
): (request: IncomingMessage, response: ServerResponse) => Promise<WithPrincipal | null>;
export function authenticateHttp(verifier: Verify, options: AuthenticateOptions = {}) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<WithOptionalPrincipal | null> => {
    const identity = await identify(verifier, request.headers.authorization, options);
    if ('principal' in identity) return identity;
    const { status, headers, body } = httpRefusal(identity);
    response.writeHead(status, { ...headers, 'content-type': 'application/json' }).end(JSON.stringify(body));
    return null;
  };
}
