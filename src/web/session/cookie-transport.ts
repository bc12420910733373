import type { Interceptor } from '@connectrpc/connect';

/**
 * Asks for the refresh token in a cookie that scripts cannot read: the answer's `refresh_token` is empty then, and Refresh
 * takes it from the cookie. The same header keeps other sites from calling in the person's name (CSRF): a browser lets a
 * page send it to its own origin, and to others only where they allow it.
 */
export const cookieTransport: Interceptor = (next) => (request) => {
  request.header.set('x-token-transport', 'cookie');
  return next(request);
};
