import type { Refused } from './identify.ts';

/** How an HTTP request is refused. */
export type HttpRefusal = {
  readonly status: 401 | 503;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly reason: string; readonly message: string };
};

/** Seconds. */
const RETRY_AFTER = 1;

/** RFC 6750, section 3: a request that shows no token is told the scheme and no error. */
export function httpRefusal(identity: Refused): HttpRefusal {
  if ('unavailable' in identity) {
    const { reason } = identity.unavailable;
    const message = 'A dependency is unavailable; try again.';
    return { status: 503, headers: { 'retry-after': String(RETRY_AFTER) }, body: { reason, message } };
  }
  const { reason, message } = identity.problem;
  const challenge = reason === 'TOKEN_MISSING' ? '' : ` error="invalid_token", error_description="${message}"`;
  return { status: 401, headers: { 'www-authenticate': `Bearer${challenge}` }, body: { reason, message } };
}
