import type { IncomingMessage, ServerResponse } from 'node:http';
import { cors as connectCors } from '@connectrpc/connect';
import cors from 'cors';
import type { Reason } from '../errors/reasons.ts';
import { answerJson, answerRefusal } from './answers.ts';
import type { Origins } from './origins.ts';

export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void;

type Deps = {
  readonly origins: Origins;
  /** By path. They are for everybody: proxies, services, pages of any origin. */
  readonly documents: ReadonlyMap<string, HttpHandler>;
  /** By path. What proxies ask; pages have no business there, so no origin is looked at. */
  readonly forProxies: ReadonlyMap<string, HttpHandler>;
  /** Whether a path is one of a call that is mounted. */
  readonly isCall: (path: string) => boolean;
  readonly calls: HttpHandler;
  readonly onRefused: (request: IncomingMessage, reason: Reason) => void;
  /** For defects. */
  readonly onProblem: (error: unknown) => void;
  /** The account page; it calls `next` for what it does not have. */
  readonly page: (request: IncomingMessage, response: ServerResponse, next: () => void) => void;
};

/** What pages send and read beside what the protocols do. */
const REQUEST_HEADERS = ['authorization', 'accept-language', 'x-request-id', 'x-token-transport', 'dpop'];
const RESPONSE_HEADERS = ['dpop-nonce', 'retry-after', 'x-auth-reason'];
/** Seconds for which a browser need not ask again; Chromium takes no more. */
const PREFLIGHT_MAX_AGE = 7200;

/** For a year. */
const STRICT_TRANSPORT = 'max-age=31536000';

/** Who answers which path, in this order. */
export function createRoutes(deps: Deps): HttpHandler {
  const { origins, documents, forProxies, isCall, calls, onRefused, onProblem, page } = deps;
  const allowOrigin = cors({
    // Those that are not allowed have been refused before.
    origin: true,
    credentials: true,
    methods: [...connectCors.allowedMethods],
    allowedHeaders: [...connectCors.allowedHeaders, ...REQUEST_HEADERS],
    exposedHeaders: [...connectCors.exposedHeaders, ...RESPONSE_HEADERS],
    maxAge: PREFLIGHT_MAX_AGE,
  });

  function route(request: IncomingMessage, response: ServerResponse): void {
    response.setHeader('x-content-type-options', 'nosniff');
    response.setHeader('referrer-policy', 'no-referrer');
    // Browsers come back by TLS only (RFC 6797). By http they do not look at it.
    if (origins.isSecure) response.setHeader('strict-transport-security', STRICT_TRANSPORT);
    const [path = ''] = (request.url ?? '').split('?', 1);
    const document = documents.get(path) ?? forProxies.get(path);
    if (document) {
      document(request, response);
    } else if (isCall(path)) {
      const { origin } = request.headers;
      if (origin === undefined || origins.isAllowed(origin)) {
        allowOrigin(request, response, () => calls(request, response));
        return;
      }
      // Refused, not only left without CORS headers: a page that may not read an answer must not cause anything, either.
      onRefused(request, 'ORIGIN_NOT_ALLOWED');
      answerRefusal(response, 403, 'ORIGIN_NOT_ALLOWED', { vary: 'origin' });
    } else {
      page(request, response, () => notFound(request, response));
    }
  }

  /** The same for all that is no call here, whatever it is elsewhere. */
  function notFound(request: IncomingMessage, response: ServerResponse): void {
    const { origin } = request.headers;
    // The page of somebody who has misspelt a method would only hear of CORS.
    if (origin !== undefined && origins.isAllowed(origin)) {
      allowOrigin(request, response, () => answerNotFound(response));
    } else {
      answerNotFound(response);
    }
  }

  return (request, response) => {
    try {
      route(request, response);
    } catch (error) {
      // Thrown on, it would end the process, and gRPC's door with it.
      onProblem(error);
      if (response.headersSent) response.destroy();
      else answerRefusal(response, 500, 'INTERNAL');
    }
  };
}

function answerNotFound(response: ServerResponse): void {
  // As Connect's clients and people with curl read it.
  answerJson(response, 404, { code: 'unimplemented', message: 'There is nothing here.' });
}
