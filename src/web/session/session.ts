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
import type { Turns } from './turns.ts';

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
  /** One that is good for some time yet, of the person who is here now. @throws what Refresh has answered */
  readonly accessToken: () => Promise<HeldToken>;
  /** Another one of the same person in place of one that was refused. @throws what Refresh has answered */
  readonly replace: (refused: HeldToken) => Promise<HeldToken>;
};

/** Who is logged in; null: nobody, as far as is known. */
export function personOf(state: SessionState): string | null {
  return state.status === 'logged-in' ? state.token.userId : null;
}

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

type Refreshing = { readonly epoch: number; readonly done: Promise<void> };

type Deps = {
  /** Without an access token, which it is there to get. */
  readonly auth: Pick<Client<typeof AuthService>, 'refresh'>;
  readonly tabs: Tabs;
  /** For Refresh, which all tabs do with the same cookie. */
  readonly inTurn: Turns;
  /** Milliseconds, of a watch that nobody sets. */
  readonly now: () => number;
};

export function createSession({ auth, tabs, inTurn, now }: Deps): Session {
  const state = createStore<SessionState>({ status: 'starting' });
  let held: HeldToken | null = null;
  /** Raised by every login and logout, here or in another tab: an answer to what was asked before says nothing of now. */
  let epoch = 0;
  let refreshing: Refreshing | null = null;

  function hold(tokens: TokenPair): HeldToken {
    epoch += 1;
    held = holdToken(tokens, now());
    state.set({ status: 'logged-in', token: held });
    return held;
  }

  function forget(because: Reason | null): void {
    epoch += 1;
    held = null;
    state.set({ status: 'logged-out', because });
  }

  async function refresh(): Promise<void> {
    const begun = epoch;
    try {
      const { tokens } = await inTurn(() => auth.refresh({}));
      if (epoch !== begun) return;
      if (!tokens) throw new Error('Refresh has answered without tokens.');
      hold(tokens);
    } catch (error) {
      if (epoch !== begun) return;
      const reason = reasonOf(error);
      // There was no cookie to begin with: no session has ended.
      if (NO_SESSION.has(reason)) forget(reason === 'REFRESH_TOKEN_MISSING' ? null : reason);
      throw error;
    }
  }

  /** One at a time: calls that wait for the same token wait together. One that is overtaken is not joined, but followed by another. */
  function refreshOnce(): Promise<void> {
    if (refreshing?.epoch === epoch) return refreshing.done;
    const answered = refreshing ? refreshing.done.then(refresh, refresh) : refresh();
    const own: Refreshing = {
      epoch,
      done: answered.finally(() => {
        if (refreshing === own) refreshing = null;
      }),
    };
    refreshing = own;
    return own.done;
  }

  async function renew(before: HeldToken): Promise<HeldToken> {
    // More than once only where a refresh was overtaken.
    while (held === before) await refreshOnce();
    if (held?.userId !== before.userId) throw new Error('Whoever has asked for this is not logged in any more.');
    return held;
  }

  async function start(): Promise<void> {
    const begun = epoch;
    try {
      await refreshOnce();
    } catch (error) {
      if (epoch === begun) state.set({ status: 'undecided', error });
    }
  }

  tabs.listen((message) => {
    if (message.type === 'logged-out') return forget(null);
    epoch += 1;
    if (held?.userId === message.userId) return;
    // Another person has logged in, or anybody where nobody was: the cookie is his.
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
      const token = held;
      if (!token) throw new Error('Nobody is logged in.');
      const left = token.endsAt - now();
      if (left >= AHEAD) return token;
      return await renew(token).catch((error: unknown) => {
        // There is some time left, in which the service may answer again.
        if (held === token && left > 0) return token;
        throw error;
      });
    },
    async replace(refused) {
      return await renew(refused);
    },
  };
}
