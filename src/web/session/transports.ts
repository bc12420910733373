import type { Interceptor, Transport } from '@connectrpc/connect';
import { createGrpcWebTransport } from '@connectrpc/connect-web';
import { cookieTransport } from './cookie-transport.ts';

type Options = {
  /** Of the gateway, without a path. */
  readonly origin: string;
  readonly acceptLanguage: Interceptor;
  readonly proofs: Interceptor;
};

/** Milliseconds after which a call is given up; a login takes part of a second. */
const TIMEOUT = 20_000;

/**
 * How calls travel: gRPC-web in binary, with what every call carries. A page of another origin than the gateway's also needs a
 * `fetch` with `credentials: 'include'`, so that the cookie goes along, and has to be on the same site.
 *
 * @param outer what a call passes before that, the outermost first
 */
export function createTransport({ origin, acceptLanguage, proofs }: Options, outer: readonly Interceptor[]): Transport {
  return createGrpcWebTransport({
    baseUrl: origin,
    defaultTimeoutMs: TIMEOUT,
    interceptors: [...outer, acceptLanguage, cookieTransport, proofs],
  });
}
