import type { CallFunction } from './call-function.ts';
import type { ChallengeMethod, ChallengePurpose } from './challenge-functions.ts';
import { interval, oneRow } from './one-row.ts';

/** A message that a sender has taken. */
export type ClaimedMessage = {
  readonly id: string;
  /** The number of this attempt, from 1. */
  readonly attempt: number;
  readonly recipient: string;
  readonly template: string;
  readonly language: string;
  /** What it carries; null: nothing, it is a notice. */
  readonly challenge: {
    readonly id: string;
    readonly purpose: ChallengePurpose;
    readonly method: ChallengeMethod;
  } | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
};

/** Those that administrators are shown. */
export type MessageState = 'pending' | 'sending' | 'sent' | 'dead';

export type StoredMessage = {
  readonly id: string;
  readonly channel: string;
  readonly recipient: string;
  readonly template: string;
  readonly language: string;
  readonly state: MessageState;
  readonly attempts: number;
  readonly lastError: string | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly sentAt: Date | null;
};

export type MessageFunctions = ReturnType<typeof createMessageFunctions>;

/** Messages. What each function does is said in sql/functions/auth. */
export function createMessageFunctions(call: CallFunction) {
  return {
    async claimMessages(claim: {
      channel: string;
      limit: number;
      /** Milliseconds. */
      lease: number;
      /** How many in an hour; null: any number. */
      budget: number | null;
    }): Promise<readonly ClaimedMessage[]> {
      const rows = await call<{
        id: string;
        attempt: number;
        recipient: string;
        template: string;
        language: string;
        challenge_id: string | null;
        purpose: ChallengePurpose | null;
        method: ChallengeMethod | null;
        created_at: Date;
        expires_at: Date;
      }>('auth.claim_messages', [claim.channel, claim.limit, interval(claim.lease), claim.budget]);
      return rows.map(({ challenge_id: challengeId, purpose, method, created_at, expires_at, ...rest }) => ({
        ...rest,
        challenge: challengeId && purpose && method ? { id: challengeId, purpose, method } : null,
        createdAt: created_at,
        expiresAt: expires_at,
      }));
    },

    /** @returns the state of the message then; null: the attempt is not the last one, and nothing has changed */
    async finishMessage(attempt: {
      id: string;
      attempt: number;
      outcome: 'sent' | 'retry' | 'failed';
      error: string | null;
      /** Milliseconds. */
      retryIn: number;
    }): Promise<'sent' | 'pending' | 'dead' | null> {
      const row = oneRow(
        await call<{ finish_message: 'sent' | 'pending' | 'dead' | null }>('auth.finish_message', [
          attempt.id,
          attempt.attempt,
          attempt.outcome,
          attempt.error,
          interval(attempt.retryIn),
        ]),
      );
      return row.finish_message;
    },

    /** The newest first. */
    async listMessages(page: {
      state: MessageState;
      /** The last one of the page before; null: the first page. */
      before: string | null;
      limit: number;
    }): Promise<readonly StoredMessage[]> {
      const rows = await call<{
        id: string;
        channel: string;
        recipient: string;
        template: string;
        language: string;
        state: MessageState;
        attempts: number;
        last_error: string | null;
        created_at: Date;
        expires_at: Date;
        sent_at: Date | null;
      }>('auth.list_messages', [page.state, page.before, page.limit]);
      return rows.map(({ last_error, created_at, expires_at, sent_at, ...rest }) => ({
        ...rest,
        lastError: last_error,
        createdAt: created_at,
        expiresAt: expires_at,
        sentAt: sent_at,
      }));
    },

    async resendMessage(messageId: string, actor: string): Promise<void> {
      await call('auth.resend_message', [messageId, actor]);
    },
  };
}
