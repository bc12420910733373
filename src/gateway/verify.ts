import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { AllowedRequest, CheckRequest, RefusedRequest } from '../auth/check-request.ts';
import { answerRefusal } from './answers.ts';
import { forReading } from './for-reading.ts';
import type { HttpHandler } from './routes.ts';

type Deps = { readonly checkRequest: CheckRequest; readonly logger: Logger };

const VERIFY_PATH = '/gateway/verify';
const ANONYMOUS_PATH = `${VERIFY_PATH}/anonymous`;

/**
 * What Envoy asks by Check, for proxies that ask by HTTP, as nginx does (`auth_request`). It looks at nothing but the token
 * that it is shown, and answers in headers.
 *
 * @returns who answers, by path
 */
export function createVerify({ checkRequest, logger }: Deps): ReadonlyMap<string, HttpHandler> {
  function log(reason: string, cause: unknown): void {
    logger.error({ path: VERIFY_PATH, reason, err: cause }, 'request');
  }

  function answer(response: ServerResponse, verdict: AllowedRequest | RefusedRequest): void {
    if (verdict.isAllowed) {
      response.writeHead(200, { ...verdict.headers, 'content-length': 0, 'cache-control': 'no-store' }).end();
      return;
    }
    const { status, reason, headers, cause } = verdict;
    // What somebody has to mend. A refused person is nobody's business.
    if (status >= 500) log(reason, cause);
    answerRefusal(response, status, reason, headers);
  }

  const verify = (isAnonymousAllowed: boolean) =>
    forReading((request, response) => {
      checkRequest(readRequest(request, isAnonymousAllowed)).then(
        (verdict) => answer(response, verdict),
        (error: unknown) => {
          log('INTERNAL', error);
          answerRefusal(response, 500, 'INTERNAL');
        },
      );
    });
  return new Map([
    [VERIFY_PATH, verify(false)],
    [ANONYMOUS_PATH, verify(true)],
  ]);
}

/** What the proxy says of the request that it has got. */
function readRequest({ url = '', headersDistinct }: IncomingMessage, isAnonymousAllowed: boolean) {
  // Node would keep the first of two; the service behind may read the last.
  const joined = (name: string, separator: string) => headersDistinct[name]?.join(separator);
  const named = ['x-original-method', 'x-forwarded-method'].flatMap((name) => headersDistinct[name] ?? []);
  const [, query = ''] = url.split(/\?(.*)/s);
  return {
    // One of these headers is the proxy's, the other may be the client's: where they differ, it is no safe method. Neither is
    // one that nobody names: nginx asks by GET whatever it has got.
    method: [...new Set(named)].join(' or '),
    authorization: joined('authorization', ', '),
    cookie: joined('cookie', '; '),
    origin: joined('origin', ', '),
    options: readOptions(query, isAnonymousAllowed),
  };
}

/** Some proxies hand on the query of the client. It may close a route, never open one: strangers pass by the path alone. */
function* readOptions(query: string, isAnonymousAllowed: boolean): Generator<readonly [key: string, value: string]> {
  if (isAnonymousAllowed) yield ['anonymous', 'allowed'];
  for (const [key, value] of new URLSearchParams(query)) {
    // There is no option of that name, so nobody passes.
    yield [key === 'anonymous' ? 'anonymous in a query' : key, value];
  }
}
