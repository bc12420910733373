import { hash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import Negotiator from 'negotiator';
import type { HttpHandler } from './routes.ts';

type Page = (...[request, response, next]: [...Parameters<HttpHandler>, () => void]) => void;

/** A file in the forms that it was built in. */
type PageFile = { readonly type: string; readonly forms: ReadonlyMap<string, Form> };
type Form = { readonly bytes: Buffer; readonly etag: string };

/** Paths that the page answers by itself; those of links in messages among them (LINK_BASE_URL). */
export const VIEWS: ReadonlySet<string> = new Set([
  ...['/', '/login', '/register', '/account', '/support'],
  ...['/registration', '/contact-confirmation', '/password-reset', '/invitation'],
]);
const DOCUMENT = '/index.html';

/** What Vite builds, and nothing else. */
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html;charset=utf-8',
  '.js': 'text/javascript;charset=utf-8',
  '.css': 'text/css;charset=utf-8',
  '.svg': 'image/svg+xml',
};
/** What a name ends with, by its encoding; the best first. */
const ENCODINGS = new Map([
  ['br', '.br'],
  ['gzip', '.gz'],
  ['identity', ''],
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

/**
 * The account page, as Vite has built it; its few files are held in memory. A server of static files would open one for each
 * request, and what strangers can have opened has to be bounded.
 */
export function createPage(directory: string): Page {
  const files = readFiles(directory);
  const document = files.get(DOCUMENT);
  // Where only the contract was generated there is no page, and the calls are served all the same.
  if (!document) return (_request, _response, next) => next();

  return (request, response, next) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return next();
    const [wanted = ''] = (request.url ?? '').split('?', 1);
    const file = VIEWS.has(wanted) ? document : files.get(wanted);
    if (file) answer(request, response, 200, file);
    // Somebody has mistyped an address: he is told so in words.
    else if (request.headers.accept?.includes('text/html')) answer(request, response, 404, document);
    else next();
  };
}

function answer(request: IncomingMessage, response: ServerResponse, status: number, { type, forms }: PageFile): void {
  const accepted = new Negotiator(request).encodings([...forms.keys()]);
  const encoding = [...forms.keys()].find((name) => accepted.includes(name)) ?? 'identity';
  const form = forms.get(encoding);
  if (!form) throw new Error(`The page has no form for the encoding ${encoding}.`);
  const isHashed = type !== TYPES['.html'];
  const headers = {
    'cache-control': isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
    'content-security-policy': POLICY,
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=()',
    vary: 'accept-encoding',
    etag: form.etag,
  };
  if (status === 200 && request.headers['if-none-match'] === form.etag) {
    response.writeHead(304, headers).end();
    return;
  }
  response.writeHead(status, {
    ...headers,
    'content-type': type,
    'content-length': form.bytes.length,
    ...(encoding === 'identity' ? {} : { 'content-encoding': encoding }),
  });
  response.end(request.method === 'HEAD' ? undefined : form.bytes);
}

function readFiles(directory: string): ReadonlyMap<string, PageFile> {
  if (!existsSync(directory)) return new Map();
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return new Map(
    names.flatMap((name) => {
      const type = TYPES[path.extname(name)];
      if (type === undefined) return [];
      const forms = [...ENCODINGS].flatMap(([encoding, ending]) => {
        if (!names.includes(name + ending)) return [];
        const bytes = readFileSync(path.join(directory, name + ending));
        return [[encoding, { bytes, etag: `"${hash('sha256', bytes, 'base64url')}"` }] as const];
      });
      return [[`/${name.split(path.sep).join('/')}`, { type, forms: new Map(forms) }] as const];
    }),
  );
}
