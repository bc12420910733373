import { abortable } from 'abort-controller-x';
import { Metadata, composeClientMiddleware } from 'nice-grpc-common';
import type { CallOptions, ClientMiddleware } from 'nice-grpc-common';
import type { Channel } from 'nice-grpc';
import { errorDetailsClientMiddleware } from 'nice-grpc-error-details';
import { systemClock, systemDelay } from '../clock.ts';
import type { TokenPair } from '../gen/auth/v1/token.ts';
import { createConnection } from './connection.ts';
import { reasonOf } from './error-reason.ts';
import { RefreshRefusedError } from './errors.ts';
import { createRefreshOnce } from './refresh-once.ts';
import type { TokenStore } from './refresh-once.ts';

export type AttachAccessTokenOptions = {
  /** Where the pair of tokens is kept. Without a pair calls go out without a token. */
  readonly store: TokenStore;
  /** The way to the auth service, where tokens are refreshed. Its owner closes it. */
  readonly channel: Channel;
  /** `<service>:<secret>`, sent with Refresh as `x-service-credential`. */
  readonly credential?: string | undefined;
  /** Milliseconds before its end at which an access token is replaced. Default: 30 000. */
  readonly refreshBefore?: number;
};

/**
 * Middleware for clients of nice-grpc: attaches the access token, replaces it when it is about to end or a call is refused for
 * it, and then repeats the call once. All calls share one Refresh. A refusal for the token comes before any work is done, so
 * a repeat does nothing twice; calls that stream their requests, and streams that have answered already, are not repeated.
 *
 * Calls end with RefreshRefusedError when the session is over.
 */
export function attachAccessToken({
  store,
  refreshBefore = 30_000,
  channel,
  credential,
}: AttachAccessTokenOptions): ClientMiddleware {
  const clock = systemClock;
  const { auth } = createConnection({ channel, credential });
  const refreshOnce = createRefreshOnce({ auth: auth(), store, delay: systemDelay });

  async function currentPair(): Promise<TokenPair | null> {
    const pair = await store.get();
    if (!pair || (pair.accessTokenExpireTime?.getTime() ?? Infinity) - refreshBefore > clock.now()) return pair;
    // What cannot be replaced now may live for some seconds yet, and the server says when it is over.
    return await refreshOnce(pair.accessToken).catch((error: unknown) => {
      if (error instanceof RefreshRefusedError) throw error;
      return pair;
    });
  }

  const middleware: ClientMiddleware = async function* (call, options) {
    const { signal = new AbortController().signal } = options;
    const pair = await abortable(signal, currentPair());
    if (!pair || call.requestStream) return yield* call.next(call.request, withToken(options, pair));

    let hasAnswered = false;
    try {
      if (!call.responseStream) return yield* call.next(call.request, withToken(options, pair));
      for await (const response of call.next(call.request, withToken(options, pair))) {
        hasAnswered = true;
        yield response;
      }
      return;
    } catch (error) {
      if (hasAnswered || !isRefusalOfToken(error)) throw error;
    }
    const successor = await abortable(signal, refreshOnce(pair.accessToken));
    return yield* call.next(call.request, withToken(options, successor));
  };
  // Inside of it, so that it sees the reasons of refusals.
  return composeClientMiddleware(errorDetailsClientMiddleware, middleware);
}

function withToken(options: CallOptions, pair: TokenPair | null): CallOptions {
  if (!pair) return options;
  return { ...options, metadata: Metadata(options.metadata).set('authorization', `Bearer ${pair.accessToken}`) };
}

function isRefusalOfToken(error: unknown): boolean {
  return reasonOf(error)?.startsWith('TOKEN_') ?? false;
}
