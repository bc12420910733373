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
  /** Back to the question where it should go. */
  readonly forget: () => void;
};

type Answer = { readonly handle?: string; readonly resendDelay?: Duration | undefined };

/** A message with a code or a link, asked for as often as the service allows. */
export function useMessage(start: (contact: string) => Promise<Answer>): Message {
  const [sent, setSent] = useState<SentMessage | null>(null);
  const action = useAction();
  return {
    sent,
    action,
    forget: () => setSent(null),
    send: (contact) =>
      action.run(async () => {
        const { handle = '', resendDelay } = await start(contact);
        const delay = resendDelay ? durationMs(resendDelay) : 0;
        setSent((before) => ({ contact, handle, delay, count: (before?.count ?? 0) + 1 }));
      }),
  };
}
