import type { Client } from '@connectrpc/connect';
import type { AuthService } from '../../gen/web/auth/v1/auth_service_pb.js';
import type { TokenPair } from '../../gen/web/auth/v1/token_pb.js';
import { reasonOf } from '../calls/failure.ts';
import type { Reason } from '../calls/failure.ts';
import { createStore } from '../store.ts';
import type { Store } from '../store.ts';
import { holdToken } from './held-token.ts';
import type { HeldToken } from './held-token.ts';
import type { Tabs } from './tabs.ts';

export type SessionState =
  /** The cookie has not been asked yet. */
  | { readonly status: 'starting' }
  /** It could not be asked: nobody is logged out by that. */
  | { readonly status: 'undecided'; readonly error: unknown }
  /** With the reason why a session is over; null: there was none, or the person has ended it. */
  | { readonly status: 'logged-out'; readonly because: Reason | null }
  | { readonly status: 'logged-in'; readonly token: HeldToken };

export type Session = {
  readonly state: Pick<Store<SessionState>, 'get' | 'subscribe'>;
  /** Goes on with the session of the cookie, if there is one. */
  readonly start: () => Promise<void>;
  /** Takes over the tokens of a login or a registration. */
  readonly begin: (tokens: TokenPair) => void;
  /** The person has ended it, here: other tabs hear of it. */
  readonly end: () => void;
  /** One that is good for some time yet. @throws what Refresh has answered */
  readonly accessToken: () => Promise<string>;
  /** Another one in place of one that was refused. @throws what Refresh has answered */
  readonly replace: (refused: string) => Promise<string>;
};

/** Answers of Refresh that say there is no session to go on with. After any other (no network, too many calls) there may be. */
const NO_SESSION: ReadonlySet<Reason | null> = new Set<Reason>([
  'REFRESH_TOKEN_MISSING',
  'REFRESH_TOKEN_UNKNOWN',
  'REFRESH_TOKEN_EXPIRED',
  'REFRESH_TOKEN_REUSED',
  'REFRESH_TOKEN_BOUND',
  'SESSION_ENDED',
]);
/** Milliseconds before its end in which a token is refreshed: no call starts with one that ends on its way. */
const AHEAD = 30_000;

type Deps = {
  /** Without an access token, which it is there to get. */
  readonly auth: Pick<Client<typeof AuthService>, 'refresh'>;
  readonly tabs: Tabs;
  /** Milliseconds, of a watch that nobody sets. */
  readonly now: () => number;
};

export function createSession({ auth, tabs, now }: Deps): Session {
  const state = createStore<SessionState>({ status: 'starting' });
  let held: HeldToken | null = null;
  let refreshing: Promise<void> | null = null;

  function hold(tokens: TokenPair): HeldToken {
    held = holdToken(tokens, now());
    state.set({ status: 'logged-in', token: held });
    return held;
  }

  function forget(because: Reason | null): void {
    held = null;
    state.set({ status: 'logged-out', because });
  }

  async function refresh(): Promise<void> {
    const before = held;
    try {
      const { tokens } = await auth.refresh({});
      // A login or a logout that has happened meanwhile is later than this.
      if (tokens && held === before) hold(tokens);
    } catch (error) {
      const reason = reasonOf(error);
      // There was no cookie to begin with: no session has ended.
      if (held === before && NO_SESSION.has(reason)) forget(reason === 'REFRESH_TOKEN_MISSING' ? null : reason);
      throw error;
    }
  }

  /** One at a time: calls that wait for the same token wait together. */
  const refreshOnce = () => (refreshing ??= refresh().finally(() => (refreshing = null)));

  function heldToken(): string {
    if (!held) throw new Error('The session has ended meanwhile.');
    return held.accessToken;
  }

  async function start(): Promise<void> {
    try {
      await refreshOnce();
    } catch (error) {
      if (state.get().status !== 'logged-out' && !held) state.set({ status: 'undecided', error });
    }
  }

  tabs.listen((message) => {
    if (message.type === 'logged-out') return forget(null);
    // Another person has logged in, or anybody where nobody was: the cookie is his.
    if (held?.userId === message.userId) return;
    held = null;
    state.set({ status: 'starting' });
    void start();
  });

  return {
    state,
    start,
    begin(tokens) {
      tabs.tell({ type: 'logged-in', userId: hold(tokens).userId });
    },
    end() {
      forget(null);
      tabs.tell({ type: 'logged-out' });
    },
    async accessToken() {
      const left = held ? held.endsAt - now() : 0;
      if (left < AHEAD) {
        await refreshOnce().catch((error: unknown) => {
          // There is some time left, in which the service may answer again.
          if (!held || left <= 0) throw error;
        });
      }
      return heldToken();
    },
    async replace(refused) {
      // Another call may have had the same idea before.
      if (held?.accessToken === refused) await refreshOnce();
      return heldToken();
    },
  };
}
