import type { Interceptor } from '@connectrpc/connect';

/** Messages (codes, links) come in the language of the page, which may be another than the browser's. */
export function createAcceptLanguage(language: () => string): Interceptor {
  return (next) => (request) => {
    request.header.set('accept-language', language());
    return next(request);
  };
}
