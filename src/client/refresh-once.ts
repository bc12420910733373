import { Status } from 'nice-grpc-common';
import { RichClientError } from 'nice-grpc-error-details';
import type { Delay } from '../clock.ts';
import type { AuthServiceClient } from '../gen/auth/v1/auth_service.ts';
import type { TokenPair } from '../gen/auth/v1/token.ts';
import { createBackOff } from './back-off.ts';
import { reasonOf } from './error-reason.ts';
import { RefreshRefusedError } from './errors.ts';

/** Where a client keeps its pair of tokens. */
export type TokenStore = {
  readonly get: () => TokenPair | null | Promise<TokenPair | null>;
  /** Resolves when the pair is kept: the one before it is dead from then on. */
  readonly set: (pair: TokenPair) => void | Promise<void>;
};

/**
 * Trades the refresh token for a new pair, once for all who ask at the same time.
 * @param used the access token that is of no use any more; if the store has another one already, that is the answer
 * @throws RefreshRefusedError when the session is over; the same again without a call, until the store has another pair
 */
export type RefreshOnce = (used: string) => Promise<TokenPair>;

type Deps = {
  readonly auth: Pick<AuthServiceClient, 'refresh'>;
  readonly store: TokenStore;
  readonly delay: Delay;
};

/** Refresh answers a repeat with the same successor for 30 s: so many tries stay well within. */
const TRIES = 4;
/** Milliseconds for one. */
const DEADLINE = 5000;

/** The answer was lost, or never made; to ask again is safe. */
const LOST: ReadonlySet<Status> = new Set([Status.UNAVAILABLE, Status.DEADLINE_EXCEEDED, Status.UNKNOWN]);

export function createRefreshOnce({ auth, store, delay }: Deps): RefreshOnce {
  let refreshing: Promise<TokenPair> | null = null;
  let refused: { readonly refreshToken: string; readonly error: RefreshRefusedError } | null = null;

  async function refresh(used: string): Promise<TokenPair> {
    const pair = await store.get();
    // Another call, or another process with the same store, was quicker.
    if (pair && pair.accessToken !== used) return pair;
    if (!pair) throw new RefreshRefusedError('REFRESH_TOKEN_UNKNOWN');
    if (refused?.refreshToken === pair.refreshToken) throw refused.error;
    const successor = await trade(pair.refreshToken);
    await store.set(successor);
    return successor;
  }

  async function trade(refreshToken: string): Promise<TokenPair> {
    const backOff = createBackOff();
    for (let attempt = 1; ; attempt++) {
      const signal = AbortSignal.timeout(DEADLINE);
      try {
        const { tokens } = await auth.refresh({ refreshToken }, { signal });
        if (!tokens) throw new Error('Refresh gave no tokens.');
        return tokens;
      } catch (error) {
        const reason = reasonOf(error);
        if (isRefused(error, reason)) {
          refused = { refreshToken, error: new RefreshRefusedError(reason, error) };
          throw refused.error;
        }
        const isLost = signal.aborted || (error instanceof RichClientError && LOST.has(error.code));
        if (!isLost || attempt === TRIES) throw error;
        await delay(backOff.next(), new AbortController().signal);
      }
    }
  }

  return (used) => {
    refreshing ??= refresh(used).finally(() => (refreshing = null));
    return refreshing;
  };
}

/** A "no" to this refresh token, which another try would not turn into a "yes". */
function isRefused(error: unknown, reason: string | null): reason is string {
  if (!(error instanceof RichClientError) || reason === null) return false;
  return error.code === Status.UNAUTHENTICATED || error.code === Status.INVALID_ARGUMENT;
}
