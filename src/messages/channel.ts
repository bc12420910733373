import type { RenderedMessage } from './render.ts';

/** A message with its contents, ready to be handed over to a provider. */
export type OutgoingMessage = RenderedMessage & {
  /** The same for every attempt: by it a provider, or whoever reads the mail, knows a second copy. */
  readonly id: string;
  readonly channel: string;
  readonly recipient: string;
  readonly template: string;
  readonly language: string;
  readonly expiresAt: Date;
};

/** What a provider has said: taken; not now, or nobody knows; never. */
export type SendOutcome =
  { readonly outcome: 'sent' } | { readonly outcome: 'retry' | 'failed'; readonly error: string };

/** A way to send messages: a provider. It never throws for what the provider says or fails to say. */
export type Channel = {
  readonly send: (message: OutgoingMessage) => Promise<SendOutcome>;
  readonly close: () => void;
};

/** Milliseconds that handing one message over may take. A sender's lease on it is longer. */
export const SEND_TIMEOUT = 10_000;
