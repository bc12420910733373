import type { Metadata, ServerInterceptor } from '@grpc/grpc-js';
import { OK, attempt } from './answer-directly.ts';
import type { AnswerDirectly, OpenDirectly } from './answer-directly.ts';
import { failedRequest } from './failed-request.ts';
import type { StreamEnder } from './middleware/end-streams.ts';
import type { Places } from './places.ts';
import { toInterceptor, wrapCall } from './wrap-call.ts';
import type { CallListener } from './wrap-call.ts';

type Deps = {
  readonly methods: ReadonlyMap<string, OpenDirectly>;
  readonly places: Places;
  readonly streams: Pick<StreamEnder, 'onStop'>;
};

/** Answers that may be on their way out before the next question is read: enough to keep a connection busy. */
const MOST_UNSENT = 64;

/**
 * The same as answer-directly for bidirectional streams with one answer a question, in the order of the questions. A message
 * without a plain good answer hands the stream on with all that is still to come.
 *
 * A client that does not read its answers is not read from: at most so many of them are unsent.
 */
export function createAnswerStreamDirectly({ methods, places, streams }: Deps): ServerInterceptor {
  return toInterceptor((method, inner) => {
    const open = methods.get(method.path);
    if (!open) return inner;
    let listener: CallListener;
    let metadata: Metadata;
    let answer: AnswerDirectly | null = null;
    let isHandedOn = false;
    /** A question is being read, or its answer is waited for. */
    let isBusy = false;
    let unsent = 0;
    let unanswered: unknown = null;
    let release = () => undefined as void;

    function read(): void {
      isBusy = true;
      inner.startRead();
    }

    /** Leaves the place and the list of those that a stop ends. May come twice. */
    function leave(): void {
      answer = null;
      release();
      release = () => undefined;
    }

    function end(): void {
      leave();
      inner.sendStatus(OK);
    }

    function handOn(): void {
      leave();
      isHandedOn = true;
      listener.onReceiveMetadata(metadata);
    }

    function handOnWith(message: unknown): void {
      // Ended while the answer was waited for.
      if (!answer) return;
      unanswered = message;
      handOn();
    }

    function send(response: object): void {
      if (!answer) return;
      isBusy = false;
      unsent += 1;
      inner.sendMessage(response, sent);
      if (unsent < MOST_UNSENT) read();
    }

    function sent(): void {
      unsent -= 1;
      if (answer && !isBusy) read();
    }

    return wrapCall({
      inner,
      start(given) {
        listener = given;
        inner.start({
          onReceiveMetadata(received) {
            metadata = received;
            answer = attempt(() => open(received));
            const leavePlace = answer && places.take('streams');
            if (!leavePlace) {
              handOn();
              return;
            }
            const forget = streams.onStop(end);
            release = () => {
              leavePlace();
              forget();
            };
            read();
          },
          onReceiveMessage(message) {
            if (isHandedOn) {
              listener.onReceiveMessage(message);
              return;
            }
            // Ended by a stop: what comes now is not answered any more.
            if (!answer) return;
            const response = attempt(() => answer?.(message));
            if (response instanceof Promise) {
              // The next question is not read before: answers keep the order.
              response.then(send, (error: unknown) => handOnWith(failedRequest(error)));
            } else if (response) {
              send(response);
            } else {
              handOnWith(message);
            }
          },
          onReceiveHalfClose() {
            if (isHandedOn) listener.onReceiveHalfClose();
            else if (answer) end();
          },
          onCancel() {
            if (isHandedOn) listener.onCancel();
            else leave();
          },
        });
      },
      startRead() {
        if (unanswered === null) {
          inner.startRead();
          return;
        }
        const message = unanswered;
        unanswered = null;
        listener.onReceiveMessage(message);
      },
    });
  });
}
