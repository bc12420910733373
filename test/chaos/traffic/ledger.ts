import { createHistogram } from 'node:perf_hooks';
import { ErrorReason } from '../../../src/gen/auth/v1/error_reason.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { bearer } from '../../support/people.ts';
import { problemOf } from '../../support/validation.ts';
import type { Replica } from '../cluster.ts';

/** A token and what its holder knows of it. */
export type HeldToken = {
  readonly text: string;
  readonly state: () => 'live' | 'ending' | 'ended';
  /** When its logout was answered, on the monotonic clock. */
  readonly endedAt: () => number;
};

/** What the callers were told, and what of it breaks the promise. */
export type Ledger = {
  readonly hold: (accessToken: string) => HeldToken;
  /** Logs its holder out. @returns whether that was answered OK */
  readonly logOut: (replica: Replica, token: HeldToken) => Promise<boolean>;
  /** Validates it and judges the answer. */
  readonly ask: (replica: Replica, token: HeldToken) => Promise<void>;
  /** Asks a replica about all tokens that were ever held, a thousand in a call. */
  readonly askAboutAll: (replica: Replica) => Promise<void>;
  readonly ended: () => readonly HeldToken[];
  /** Of ValidateToken since the last `startTiming`; milliseconds. */
  readonly validationTime: (percentile: number) => number;
  readonly startTiming: () => void;
  readonly counts: () => Record<string, number>;
  readonly problems: () => string[];
};

type Entry = HeldToken & { current: 'live' | 'ending' | 'ended'; answeredAt: number; refusedBy: Set<string> };

const REVOKED = 'TOKEN_REVOKED';
const BATCH = 1000;
/** Examples of one kind of problem that are written out. */
const EXAMPLES = 3;

/** The outcome of a call, also of one that no replica has answered. */
const toldBy = (call: Promise<unknown>) =>
  outcomeOf(call).catch((error: unknown) => `no answer: ${(error as Error).message}`);

export function createLedger(): Ledger {
  const entries: Entry[] = [];
  const ended: Entry[] = [];
  const times = createHistogram();
  const found = new Map<string, { count: number; examples: string[] }>();
  let slowestLogout = 0;
  const counts = { logouts: 0, validations: 0, of_revoked_tokens: 0, revoked_accepted: 0, validation_errors: 0 };

  function problem(kind: string, example: string): void {
    const known = found.get(kind) ?? { count: 0, examples: [] };
    known.count += 1;
    if (known.examples.length < EXAMPLES) known.examples.push(example);
    found.set(kind, known);
  }

  /** What was known before the question is what the answer has to agree with. */
  function judge(replica: Replica, entry: Entry, before: { isEnded: boolean; wasRefused: boolean }, answer: string) {
    counts.validations += 1;
    if (before.isEnded) counts.of_revoked_tokens += 1;
    const isAccepted = answer === 'accepted';
    if (answer === REVOKED) entry.refusedBy.add(replica.name);
    if (isAccepted && before.isEnded) {
      counts.revoked_accepted += 1;
      problem('accepted after its logout was answered', `by ${replica.name}`);
    } else if (isAccepted && before.wasRefused) {
      problem('accepted after it had been refused as revoked', `by ${replica.name}`);
    } else if (!isAccepted && answer !== REVOKED) {
      problem('refused for another reason', `${answer} by ${replica.name}`);
    } else if (!isAccepted && entry.current === 'live') {
      problem('refused although nobody logged out', `by ${replica.name}`);
    }
  }
  const knownBefore = (replica: Replica, entry: Entry) => ({
    isEnded: entry.current === 'ended',
    wasRefused: entry.refusedBy.has(replica.name),
  });

  return {
    hold(text) {
      const entry: Entry = {
        text,
        state: () => entry.current,
        endedAt: () => entry.answeredAt,
        current: 'live',
        answeredAt: Number.POSITIVE_INFINITY,
        refusedBy: new Set(),
      };
      entries.push(entry);
      return entry;
    },
    async logOut(replica, token) {
      const entry = token as Entry;
      entry.current = 'ending';
      const troubles = replica.troubles();
      const begin = performance.now();
      const outcome = await toldBy(replica.auth().logout({}, bearer(entry.text)));
      if (outcome !== 'OK') {
        if (replica.troubles() === troubles) problem('logouts not answered OK', `${outcome} by ${replica.name}`);
        return false;
      }
      if (replica.troubles() === troubles) slowestLogout = Math.max(slowestLogout, performance.now() - begin);
      counts.logouts += 1;
      entry.current = 'ended';
      entry.answeredAt = performance.now();
      ended.push(entry);
      return true;
    },
    async ask(replica, token) {
      const entry = token as Entry;
      const before = knownBefore(replica, entry);
      const troubles = replica.troubles();
      const begin = performance.now();
      const call = problemOf({ auth: replica.auth() }, entry.text);
      const answer = await call.then(
        (reason) => reason ?? 'accepted',
        async () => ({ error: await toldBy(call) }),
      );
      if (typeof answer === 'string') {
        if (troubles % 2 === 0) times.record(Math.max(1, Math.round((performance.now() - begin) * 1000)));
        judge(replica, entry, before, answer);
      } else if (replica.troubles() === troubles && troubles % 2 === 0) {
        counts.validation_errors += 1;
        problem('validations without an answer', `${answer.error} by ${replica.name}`);
      }
    },
    async askAboutAll(replica) {
      for (let first = 0; first < entries.length; first += BATCH) {
        const batch = entries.slice(first, first + BATCH);
        const before = batch.map((entry) => knownBefore(replica, entry));
        const { results } = await replica.auth().batchValidateTokens({ accessTokens: batch.map(({ text }) => text) });
        results.forEach(({ result }, index) => {
          const [entry, known] = [batch[index], before[index]];
          if (!entry || !known || !result) throw new Error('A batch was not answered in full.');
          judge(
            replica,
            entry,
            known,
            result.$case === 'principal'
              ? 'accepted'
              : result.value.reason === ErrorReason.TOKEN_REVOKED
                ? REVOKED
                : `reason ${result.value.reason}`,
          );
        });
      }
    },
    ended: () => ended,
    validationTime: (percentile) => times.percentile(percentile) / 1000,
    startTiming: () => times.reset(),
    counts: () => ({ ...counts, slowest_logout_ms: Math.round(slowestLogout) }),
    problems: () => [...found].map(([kind, { count, examples }]) => `${count} x ${kind} (${examples.join('; ')})`),
  };
}
