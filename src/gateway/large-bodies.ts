import type { IncomingMessage, ServerResponse } from 'node:http';

/** In bytes: nearly all messages are shorter, and all connections together may hold so much. */
const LARGE = 16 * 1024;
/** Of 1 MiB each at the most, before anybody has looked who calls. */
const MOST = 64;

export type LargeBodies = {
  /** Whether a request may be read. One that is large, or does not say how long it is, has a place up to the end of its answer. */
  readonly admit: (request: IncomingMessage, response: ServerResponse) => boolean;
};

/**
 * Bounds the memory that is held for bodies on their way, which no other limit sees: who calls and how often is known when a
 * message has been read. Whoever takes all places keeps nobody from short calls.
 */
export function createLargeBodies(): LargeBodies {
  let places = MOST;
  return {
    admit({ headers, method }, response) {
      const isShort = method === 'GET' || Number(headers['content-length']) <= LARGE;
      if (isShort) return true;
      if (places === 0) return false;
      places -= 1;
      response.once('close', () => (places += 1));
      return true;
    },
  };
}
