import type { Duration } from '@bufbuild/protobuf/wkt';
import { durationMs } from '@bufbuild/protobuf/wkt';
import { useState } from 'preact/hooks';
import { useAction } from './use-action.ts';
import type { Action } from './use-action.ts';

/** A message that is on its way, whether anybody has the contact or not. */
export type SentMessage = {
  readonly contact: string;
  /** For the call that takes the code; empty where the message has a link. */
  readonly handle: string;
  /** Milliseconds until another may be asked for. */
  readonly delay: number;
  /** The how manyeth it is. */
  readonly count: number;
};

export type Message = {
  readonly sent: SentMessage | null;
  readonly action: Action;
  readonly send: (contact: string) => Promise<boolean>;
  /** Goes on with one that was sent before. @returns whether there is one */
  readonly resume: (contact: string) => boolean;
  /** Back to the question where it should go. */
  readonly forget: () => void;
};

type Answer = {
  readonly handle?: string;
  readonly lifetime?: Duration | undefined;
  readonly resendDelay?: Duration | undefined;
};

/** Messages that can still be used, by contact; with the moments of `performance.now()` at which they end, and may be followed. */
export type SentMessages = Map<
  string,
  { readonly message: SentMessage; readonly endsAt: number; readonly nextAt: number }
>;

/** A message with a code or a link, asked for as often as the service allows. */
export function useMessage(start: (contact: string) => Promise<Answer>, kept?: SentMessages): Message {
  const [sent, setSent] = useState<SentMessage | null>(null);
  const action = useAction();
  return {
    sent,
    action,
    resume(contact) {
      const now = performance.now();
      const before = kept?.get(contact);
      if (!before || before.endsAt <= now) return false;
      setSent({ ...before.message, delay: Math.max(0, before.nextAt - now) });
      return true;
    },
    forget: () => setSent(null),
    send: (contact) =>
      action.run(async () => {
        const { handle = '', lifetime, resendDelay } = await start(contact);
        const delay = resendDelay ? durationMs(resendDelay) : 0;
        const message = { contact, handle, delay, count: (sent?.count ?? 0) + 1 };
        const now = performance.now();
        kept?.set(contact, { message, endsAt: now + (lifetime ? durationMs(lifetime) : 0), nextAt: now + delay });
        setSent(message);
      }),
  };
}
