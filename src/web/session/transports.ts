import type { Interceptor, Transport } from '@connectrpc/connect';
import { createGrpcWebTransport } from '@connectrpc/connect-web';
import { cookieTransport } from './cookie-transport.ts';
import { timeLimit } from './time-limit.ts';

type Options = {
  /** Of the gateway, without a path. */
  readonly origin: string;
  readonly acceptLanguage: Interceptor;
  readonly proofs: Interceptor;
};

/**
 * How calls travel: gRPC-web in binary, with what every call carries. A page of another origin than the gateway's also needs a
 * `fetch` with `credentials: 'include'`, so that the cookie goes along, and has to be on the same site.
 *
 * @param outer what a call passes before that, the outermost first
 */
export function createTransport({ origin, acceptLanguage, proofs }: Options, outer: readonly Interceptor[]): Transport {
  return createGrpcWebTransport({
    baseUrl: origin,
    interceptors: [...outer, acceptLanguage, cookieTransport, proofs, timeLimit],
  });
}
