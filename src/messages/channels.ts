import type { Clock } from '../clock.ts';
import type { Config } from '../config/settings.ts';
import type { Channel } from './channel.ts';
import { createFileChannel } from './file-channel.ts';
import { createMailChannel } from './mail-channel.ts';
import { createTwilioChannel } from './twilio-channel.ts';
import { createWebhookChannel } from './webhook-channel.ts';

type Options = {
  readonly names: readonly string[];
  readonly config: Pick<
    Config,
    | 'MAIL_URL'
    | 'MAIL_FROM'
    | 'TWILIO_ACCOUNT_SID'
    | 'TWILIO_AUTH_TOKEN'
    | 'TWILIO_FROM'
    | 'TWILIO_URL'
    | 'MESSAGE_WEBHOOK_URL'
    | 'MESSAGE_WEBHOOK_SECRET'
    | 'MESSAGE_FILES'
  >;
  readonly isLoopbackHost: (host: string) => boolean;
  /** Messages of one channel that are sent at once. */
  readonly concurrency: number;
  readonly clock: Pick<Clock, 'now'>;
  readonly print: ((text: string) => void) | null;
};

const OWN_PROVIDERS: Readonly<Record<string, string>> = { email: 'MAIL_URL', sms: 'TWILIO_ACCOUNT_SID' };

/** The settings of which one gives a channel a provider, for people. */
export function providerSettings(channel: string): string {
  return [OWN_PROVIDERS[channel], 'MESSAGE_WEBHOOK_URL', 'MESSAGE_FILES'].filter(Boolean).join(', ');
}

/** Who sends the messages of each channel: its own provider, else the webhook, else files; null: nobody. */
export function createChannels({ names, config, isLoopbackHost, concurrency, clock, print }: Options) {
  const { MAIL_URL, MAIL_FROM, TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_FROM, MESSAGE_FILES } = config;
  const { MESSAGE_WEBHOOK_URL, MESSAGE_WEBHOOK_SECRET } = config;
  const mail =
    MAIL_URL !== undefined && MAIL_FROM
      ? createMailChannel({
          url: MAIL_URL,
          from: MAIL_FROM,
          isLocal: isLoopbackHost(new URL(MAIL_URL).hostname.replace(/^\[(.+)\]$/, '$1')),
          connections: concurrency,
        })
      : null;
  const twilio =
    TWILIO_ACCOUNT_SID !== undefined && TWILIO_AUTH_TOKEN !== undefined && TWILIO_FROM !== undefined
      ? createTwilioChannel({
          url: config.TWILIO_URL,
          accountSid: TWILIO_ACCOUNT_SID,
          authToken: TWILIO_AUTH_TOKEN,
          from: TWILIO_FROM,
        })
      : null;
  const webhook =
    MESSAGE_WEBHOOK_URL !== undefined && MESSAGE_WEBHOOK_SECRET !== undefined
      ? createWebhookChannel({ url: MESSAGE_WEBHOOK_URL, secret: MESSAGE_WEBHOOK_SECRET })
      : null;
  const files = MESSAGE_FILES === undefined ? null : createFileChannel({ directory: MESSAGE_FILES, clock, print });

  const own: Readonly<Record<string, Channel | null>> = { email: mail, sms: twilio };
  return new Map(names.map((name) => [name, own[name] ?? webhook ?? files]));
}
