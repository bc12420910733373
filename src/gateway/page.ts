import { existsSync } from 'node:fs';
import sirv from 'sirv';
import type { HttpHandler } from './routes.ts';

type Page = (...[request, response, next]: [...Parameters<HttpHandler>, () => void]) => void;

/** Paths that the page answers by itself; those of links in messages among them (LINK_BASE_URL). */
const VIEWS = new Set([
  ...['/', '/login', '/register', '/account', '/support'],
  ...['/registration', '/contact-confirmation', '/password-reset', '/invitation'],
]);

/**
 * What the page may do: load what is served here, call here, and nothing else; nobody may put it into a frame.
 * https://www.w3.org/TR/CSP3/
 */
const POLICY = [
  ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'"],
  ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"],
  "trusted-types 'none'",
].join('; ');

/** The account page, as Vite has built it. Names of files have a hash in them, so they never change. */
export function createPage(directory: string): Page {
  // Where only the contract was generated there is no page, and the calls are served all the same.
  if (!existsSync(directory)) return (_request, _response, next) => next();
  const serve = sirv(directory, {
    brotli: true,
    gzip: true,
    etag: true,
    setHeaders(response, file) {
      const isHashed = file.startsWith('/assets/');
      response.setHeader('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
      response.setHeader('content-security-policy', POLICY);
      response.setHeader('cross-origin-opener-policy', 'same-origin');
      response.setHeader('cross-origin-resource-policy', 'same-origin');
      response.setHeader('permissions-policy', 'camera=(), microphone=(), geolocation=(), payment=()');
    },
  });
  return (request, response, next) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return next();
    const [path = ''] = (request.url ?? '').split('?', 1);
    if (VIEWS.has(path)) request.url = '/index.html';
    serve(request, response, next);
  };
}
