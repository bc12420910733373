import { systemClock, systemDelay } from '../clock.ts';
import { createRevocationView } from '../revocation/view.ts';
import { createAskServer } from './ask-server.ts';
import { createConnection } from './connection.ts';
import type { ConnectionOptions } from './connection.ts';
import { createDecide } from './decide.ts';
import { VerificationUnavailableError } from './errors.ts';
import { createFollower } from './follow-revocations.ts';
import { createTokenProfile } from './token-profile.ts';
import { createUnknownKeys } from './unknown-keys.ts';
import type { Verification } from './verification.ts';

export type TokenVerifierOptions = ConnectionOptions & {
  /** For how long revocations may be unknown here, in milliseconds; past it the server is asked. Default: 3000. */
  readonly maxStaleness?: number;
  /**
   * What happens past `maxStaleness` when the server cannot be asked. `refuse`: VerificationUnavailableError. `flag`: what
   * is known here decides, and says `isStale: true`; a token that was revoked meanwhile is accepted. Default: `refuse`.
   */
  readonly whenStale?: 'refuse' | 'flag';
  /** Verified tokens kept in memory, about 1 kB each; 0: none. Default: 20 000. */
  readonly cacheSize?: number;
  /** Told of what goes wrong by itself, such as a stream that broke, and is tried again. For the log. */
  readonly onProblem?: (error: unknown) => void;
};

/** Verifies access tokens where it runs. */
export type TokenVerifier = {
  /**
   * Answers at once, almost always: a promise comes only where the server has to be asked.
   * @throws VerificationUnavailableError, or rejects with it, when the token cannot be decided on
   */
  readonly verify: (accessToken: string) => Verification | Promise<Verification>;
  /** Resolves when tokens are decided on here; rejects when the signal is aborted, or at `close`. */
  readonly ready: (signal?: AbortSignal) => Promise<void>;
  /** How old the knowledge of revocations is, in milliseconds; Infinity before there is any. */
  readonly age: () => number;
  /** The revision up to which all revocations are known. */
  readonly revision: () => number;
  /** Ends everything. Nothing keeps the process alive any more, and nothing is verified any more. */
  readonly close: () => Promise<void>;
};

/** Milliseconds for one ValidateToken. */
const ASKING_DEADLINE = 1000;
/** Milliseconds. */
const REOPEN_AFTER = 5 * 60_000;

/** Begins to follow the revocations at once; `ready` says when it has caught up. Until then the server is asked. */
export function createTokenVerifier({
  maxStaleness = 3000,
  whenStale = 'refuse',
  cacheSize = 20_000,
  onProblem: tellProblem = () => undefined,
  ...connectionOptions
}: TokenVerifierOptions): TokenVerifier {
  // In a turn of its own: what it throws is its caller's, and does not end what is kept going here.
  const onProblem = (error: unknown) => queueMicrotask(() => tellProblem(error));
  if (!(maxStaleness > 0)) throw new RangeError('maxStaleness must be more than 0 milliseconds.');
  if (!Number.isSafeInteger(cacheSize) || cacheSize < 0) throw new RangeError('cacheSize must be a whole number.');
  const clock = systemClock;
  const closing = new AbortController();
  const waiting = new Set<() => void>();
  const connection = createConnection(connectionOptions);
  const profile = createTokenProfile({ clock, cacheSize, onProblem });
  // How long entries are kept at least comes with the profile.
  const view = createRevocationView({ clock, tokenLifetime: 0 });
  const unknownKeys = createUnknownKeys({ clock });
  const follower = createFollower({
    connection,
    view,
    profile: {
      ...profile,
      replace(message) {
        profile.replace(message);
        unknownKeys.forget();
      },
    },
    clock,
    delay: systemDelay,
    reopenAfter: REOPEN_AFTER,
    slowestOpening: Math.max(500, maxStaleness / 2),
    onNews() {
      if (isFresh()) for (const resolve of waiting) resolve();
    },
    onProblem,
  });
  const age = () => clock.monotonic() - follower.completeAsOf();
  const isFresh = () => age() <= maxStaleness;
  const askServer = createAskServer({ auth: connection.auth, deadline: ASKING_DEADLINE, signal: closing.signal });
  const decide = createDecide({ profile, view, isFresh, unknownKeys, askServer, whenStale });
  follower.start();

  return {
    verify(accessToken) {
      if (closing.signal.aborted) throw new VerificationUnavailableError(new Error('The verifier is closed.'));
      return decide(accessToken);
    },
    ready(signal) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const giveUp = () => reject(new VerificationUnavailableError(signal?.reason ?? closing.signal.reason));
      const signals = [closing.signal, ...(signal ? [signal] : [])];
      for (const each of signals) each.addEventListener('abort', giveUp);
      waiting.add(resolve);
      if (signals.some(({ aborted }) => aborted)) giveUp();
      else if (isFresh()) resolve();
      return promise.finally(() => {
        waiting.delete(resolve);
        for (const each of signals) each.removeEventListener('abort', giveUp);
      });
    },
    age,
    revision: view.revision,
    async close() {
      closing.abort();
      const stopped = follower.stop();
      connection.close();
      await stopped;
    },
  };
}
