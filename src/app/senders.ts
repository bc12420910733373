import { systemDelay } from '../clock.ts';
import { isLoopbackHost } from '../config/load.ts';
import { createChannels, providerSettings } from '../messages/channels.ts';
import { createCompose } from '../messages/compose.ts';
import { createRenderMessage } from '../messages/render.ts';
import { createSender } from '../messages/sender.ts';
import { isReachable } from '../redis/is-reachable.ts';
import type { Ground } from './ground.ts';
import type { Stores } from './stores.ts';
import type { Shared } from './shared.ts';

/** Of one channel by one replica. What a kill leaves undecided is at most so much. */
const MESSAGES_AT_ONCE = 2;

/** What messages call the product where no provider sends them to anybody. */
const UNNAMED_PRODUCT = 'Example';

/**
 * Sends messages.
 * @param print shows the person in front of a terminal what nobody sends; null: nobody is there
 */
export function startSenders(
  { config, logger, clock, opened, onProblem }: Ground,
  { functions: { messages }, redis }: Stores,
  { contacts, challengeSecrets }: Shared,
  print: ((text: string) => void) | null,
): void {
  const providers = createChannels({
    names: [...new Set(contacts.types.flatMap(({ channel }) => channel ?? []))],
    config,
    isLoopbackHost,
    concurrency: MESSAGES_AT_ONCE,
    clock,
    print,
  });
  const compose = createCompose({
    secrets: challengeSecrets,
    render: createRenderMessage({ product: config.PRODUCT_NAME ?? UNNAMED_PRODUCT, fallback: config.DEFAULT_LANGUAGE }),
    linkBase: config.LINK_BASE_URL,
  });
  const maySend = async () => redis === null || (await isReachable(redis));
  for (const [channel, provider] of providers) {
    if (!provider) {
      logger.warn(
        { channel },
        `no provider of messages is configured: what is to be sent will be dead; set one of ${providerSettings(channel)}`,
      );
    }
    opened.defer(() => provider?.close());
    const sender = createSender({
      channel,
      provider,
      messages,
      compose,
      concurrency: MESSAGES_AT_ONCE,
      budget: channel === 'sms' ? config.SMS_PER_HOUR : null,
      maySend,
      clock,
      delay: systemDelay,
      logger,
      onProblem,
    });
    sender.start();
    opened.defer(() => sender.stop());
  }
}
