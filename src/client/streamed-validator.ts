import { systemClock, systemDelay } from '../clock.ts';
import type { StreamValidateTokensRequest } from '../gen/auth/v1/auth_service.ts';
import { LONGEST_TOKEN } from '../tokens/access-token-verifier.ts';
import { toVerification } from './ask-server.ts';
import { createBackOff } from './back-off.ts';
import { createConnection } from './connection.ts';
import type { ConnectionOptions } from './connection.ts';
import { VerificationUnavailableError } from './errors.ts';
import { createQuestionQueue } from './question-queue.ts';
import { tokenProblem } from './verification.ts';
import type { Verification } from './verification.ts';

export type StreamedValidatorOptions = ConnectionOptions & {
  /** Questions that may be without an answer; more are rejected at once. Default: 10 000. */
  readonly maxPending?: number;
  /** Milliseconds without any answer, while questions are open, after which the stream counts as broken. Default: 2000. */
  readonly deadline?: number;
  /** Told of streams that broke, and are opened again. For the log. */
  readonly onProblem?: (error: unknown) => void;
};

/** Has the server decide on every token, over one stream that all questions share. */
export type StreamedValidator = {
  /** Rejects with VerificationUnavailableError when the server does not answer, or too many questions wait already. */
  readonly validate: (accessToken: string) => Promise<Verification>;
  /** Rejects what is pending, and ends the stream. */
  readonly close: () => Promise<void>;
};

type Question = {
  readonly accessToken: string;
  readonly resolve: (verification: Verification) => void;
  readonly reject: (error: unknown) => void;
  readonly askedAt: number;
  /** Whether a stream that broke had it already. */
  wasAsked: boolean;
};

/**
 * A message on a stream costs a tenth of a call. Answers come in the order of the questions, so the oldest question is the
 * one that the next answer is for. Questions of a stream that broke are asked once more, on the next one.
 */
export function createStreamedValidator({
  maxPending = 10_000,
  deadline = 2000,
  onProblem: tellProblem = () => undefined,
  ...connectionOptions
}: StreamedValidatorOptions): StreamedValidator {
  // In a turn of its own: what it throws is its caller's, and does not end what is kept going here.
  const onProblem = (error: unknown) => queueMicrotask(() => tellProblem(error));
  const connection = createConnection(connectionOptions);
  const closing = new AbortController();
  const backOff = createBackOff();
  /** Without an answer, the oldest first: a set keeps the order, and gives up its first for nothing. */
  const pending = new Set<Question>();
  let ask: ((question: Question) => void) | null = null;
  let running: Promise<void> | null = null;
  /** When the last answer came, on the monotonic clock. Behind a burst of others a question may wait for longer. */
  let answeredAt = 0;

  function settle(question: Question, answer: () => void): void {
    pending.delete(question);
    try {
      answer();
    } catch (error) {
      // An answer that is not understood spoils nobody else's.
      question.reject(new VerificationUnavailableError(error));
    }
  }

  /** Asks everything that is pending, and what comes, on one stream, until it breaks or nothing is pending after an end. */
  async function runStream(): Promise<void> {
    const stream = new AbortController();
    const stop = () => stream.abort();
    closing.signal.addEventListener('abort', stop);
    const questions = createQuestionQueue<StreamValidateTokensRequest>();
    ask = ({ accessToken }) => questions.push({ accessToken, consistency: undefined });
    for (const question of pending) ask(question);
    let suspected: Question | undefined;
    const watch = setInterval(() => {
      const [oldest] = pending;
      const isQuiet = oldest && systemClock.monotonic() - Math.max(oldest.askedAt, answeredAt) >= deadline;
      // A process that was held up finds its timers first and its answers after them: it looks twice.
      if (!isQuiet || suspected !== oldest) {
        suspected = isQuiet ? oldest : undefined;
        return;
      }
      // It may be the connection that hangs.
      connection.renew();
      stream.abort();
    }, deadline / 4);
    try {
      const answers = connection.auth().streamValidateTokens(questions.values(), { signal: stream.signal });
      for await (const answer of answers) {
        const [oldest] = pending;
        if (!oldest) throw new Error('StreamValidateTokens answered what was not asked.');
        settle(oldest, () => oldest.resolve(toVerification(answer)));
        answeredAt = systemClock.monotonic();
        backOff.reset();
      }
      // The server has ended it in order: it stops, and another one may be there.
    } finally {
      ask = null;
      clearInterval(watch);
      questions.end();
      closing.signal.removeEventListener('abort', stop);
      stream.abort();
    }
  }

  async function run(): Promise<void> {
    do {
      let problem: unknown;
      await runStream().catch((error: unknown) => (problem = error));
      if (closing.signal.aborted) break;
      if (problem !== undefined) onProblem(problem);
      for (const question of pending) {
        const isLate = systemClock.monotonic() - question.askedAt >= deadline;
        if (question.wasAsked || isLate)
          settle(question, () => question.reject(new VerificationUnavailableError(problem)));
        question.wasAsked = true;
      }
      await systemDelay(backOff.next(), closing.signal);
    } while (pending.size > 0);
    running = null;
  }

  return {
    validate(accessToken) {
      // The server ends the whole stream at a text that can be no token.
      if (accessToken === '' || accessToken.length > LONGEST_TOKEN || !isAscii(accessToken)) {
        return Promise.resolve({ problem: tokenProblem('TOKEN_MALFORMED'), isStale: false });
      }
      if (closing.signal.aborted || pending.size >= maxPending) {
        const cause = new Error(
          closing.signal.aborted ? 'The validator is closed.' : 'Too many questions are pending.',
        );
        return Promise.reject(new VerificationUnavailableError(cause));
      }
      return new Promise((resolve, reject) => {
        const question = { accessToken, resolve, reject, askedAt: systemClock.monotonic(), wasAsked: false };
        pending.add(question);
        if (ask) ask(question);
        else running ??= run();
      });
    },
    async close() {
      closing.abort();
      await running;
      for (const question of pending) settle(question, () => question.reject(new VerificationUnavailableError()));
      connection.close();
    },
  };
}

/** Of other texts the length in bytes is another. */
function isAscii(text: string): boolean {
  return !/[^!-~]/.test(text);
}
