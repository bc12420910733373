import type { Logger } from 'pino';
import type { Clock, Delay } from '../clock.ts';
import type { ClaimedMessage, MessageFunctions } from '../db/message-functions.ts';
import { backOff } from './back-off.ts';
import { SEND_TIMEOUT } from './channel.ts';
import type { Channel, SendOutcome } from './channel.ts';
import type { Compose } from './compose.ts';

/** Sends what is in the queue of one channel, until it is stopped. */
type Sender = {
  readonly start: () => void;
  /** Takes no more, and lets those under way be finished. */
  readonly stop: () => Promise<void>;
};

type Deps = {
  readonly channel: string;
  /** null: the channel has none, and its messages are dead at once. */
  readonly provider: Pick<Channel, 'send'> | null;
  readonly messages: Pick<MessageFunctions, 'claimMessages' | 'finishMessage'>;
  readonly compose: Compose;
  /** Messages that are sent at once. */
  readonly concurrency: number;
  /** How many in an hour, by all replicas; null: any number. */
  readonly budget: number | null;
  /** Whether messages may be sent now. */
  readonly maySend: () => Promise<boolean>;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly delay: Delay;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  readonly onProblem: (error: unknown) => void;
};

/** Milliseconds between two looks at an empty queue. */
const PAUSE = 500;
/**
 * Between two messages of a full queue: so many times what it took to tell of the last one, and these milliseconds at least
 * and at most. What a kill leaves in doubt, and is therefore sent again, grows with the share of time that something is in
 * doubt: this keeps it at some hundredths, on a busy machine, too. Five messages a second on an idle one.
 */
const PACE = { timesTelling: 40, least: 200, most: 1000 };
/** Until the sender of a message counts as dead. Handing over takes less, and telling of it some more. */
const LEASE = SEND_TIMEOUT + 5000;
const LONGEST_ERROR = 1000;

export function createSender(deps: Deps): Sender {
  const { channel, provider, messages, compose, concurrency, budget, maySend, clock, delay, logger, onProblem } = deps;
  const stopping = new AbortController();
  const underWay = new Set<Promise<void>>();
  let loop: Promise<void> | undefined;
  let isHeldUp = false;
  // Until the first was told: a process that has just begun is slow.
  let pace = PACE.most;

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      // A slow one holds up its place, not the others.
      if (underWay.size >= concurrency) await Promise.race(underWay);
      else if (await takeOne()) await delay(pace, stopping.signal);
      else await Promise.race([delay(PAUSE, stopping.signal), ...underWay]);
    }
    await Promise.all(underWay);
  }

  /** Whether there was one. */
  async function takeOne(): Promise<boolean> {
    try {
      if (!(await mayGoOn())) return false;
      const [message] = await messages.claimMessages({ channel, limit: 1, lease: LEASE, budget });
      if (!message) return false;
      const sending = deliver(message)
        .catch(onProblem)
        .finally(() => underWay.delete(sending));
      underWay.add(sending);
      return true;
    } catch (error) {
      onProblem(error);
      return false;
    }
  }

  async function mayGoOn(): Promise<boolean> {
    const isAllowed = await maySend();
    if (isAllowed === isHeldUp) {
      isHeldUp = !isAllowed;
      if (isHeldUp) logger.warn({ channel }, 'messages wait: Redis is away');
      else logger.info({ channel }, 'messages are sent again');
    }
    return isAllowed;
  }

  async function deliver(claimed: ClaimedMessage): Promise<void> {
    const outcome = await handOver(claimed);
    const { id, attempt, template } = claimed;
    const toldFrom = clock.monotonic();
    const state = await messages.finishMessage({
      id,
      attempt,
      outcome: outcome.outcome,
      error: outcome.outcome === 'sent' ? null : outcome.error,
      retryIn: backOff(attempt),
    });
    pace = Math.min(Math.max((clock.monotonic() - toldFrom) * PACE.timesTelling, PACE.least), PACE.most);
    // By an allow-list: providers quote recipients and contents in their errors. Those are in the list of dead messages.
    const line = { messageId: id, channel, template, attempt, outcome: outcome.outcome, state };
    if (state === 'dead') logger.warn(line, 'message');
    else logger.info(line, 'message');
  }

  async function handOver(claimed: ClaimedMessage): Promise<SendOutcome> {
    if (!provider) return { outcome: 'failed', error: `No provider of messages is configured for ${channel}.` };
    let composed;
    try {
      composed = compose(channel, claimed);
    } catch (error) {
      return { outcome: 'failed', error: presentable((error as Error).message, null) };
    }
    const outcome = await provider.send(composed.message);
    return outcome.outcome === 'sent' ? outcome : { ...outcome, error: presentable(outcome.error, composed.secret) };
  }

  return {
    start() {
      loop ??= run();
    },
    async stop() {
      stopping.abort();
      await loop;
    },
  };
}

/** For the eyes of administrators: without the code or link, and without what upsets a terminal. */
function presentable(error: string, secret: string | null): string {
  const text = secret === null ? error : error.replaceAll(secret, '...');
  return [...text.replaceAll(/[\p{Cc}\p{Cs}\uFFFD]+/gu, ' ')].slice(0, LONGEST_ERROR).join('').trim();
}
