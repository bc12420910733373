import type { IncomingMessage, ServerResponse } from 'node:http';
import { authenticateHttp } from './authenticate-http.ts';
import type { AuthenticateOptions, Verify } from './identify.ts';

/** A handler as Express, Connect and their like call it. */
export type ExpressHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/** For Express: puts `principal` and `isPrincipalStale` on the request; answers by itself as authenticateHttp does. */
export function authenticateExpress(verifier: Verify, { optional = false }: AuthenticateOptions = {}): ExpressHandler {
  const identify = authenticateHttp(verifier, { optional: optional as true });
  return (request, response, next) => {
    identify(request, response).then((identity) => {
      if (!identity) return;
      Object.assign(request, identity);
      next();
    }, next);
  };
}
