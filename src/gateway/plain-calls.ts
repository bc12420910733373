import type { IncomingMessage, ServerResponse } from 'node:http';
import { grpcStatusOk, setTrailerStatus, trailerFlag, trailerSerialize } from '@connectrpc/connect/protocol-grpc-web';
import type { InProcessMethod } from '../grpc/in-process-server.ts';
import { toCallContext } from './call-context.ts';
import type { WithHttpHeaders } from './call-context.ts';
import { copyInto } from './to-connect-error.ts';
import type { ToConnectError } from './to-connect-error.ts';
import { LONGEST_MESSAGE } from './unreadable.ts';
import { untilAborted } from './until-aborted.ts';

type Deps = {
  /** A method that is mounted, by its path. */
  readonly find: (path: string) => InProcessMethod<WithHttpHeaders> | undefined;
  readonly toConnectError: ToConnectError;
};

export type PlainCalls = {
  /** By the headers alone: whether it may be one that is answered here. */
  readonly isPlain: (request: IncomingMessage, path: string) => boolean;
  /** @returns false: the body is no single message; nothing was done */
  readonly answer: (call: PlainCall, response: ServerResponse) => Promise<boolean>;
};

type PlainCall = {
  readonly path: string;
  readonly requestHeader: Headers;
  readonly body: Buffer;
  /** Where the person calls from. */
  readonly address: string;
};

const CONTENT_TYPES = new Set(['application/grpc-web+proto', 'application/grpc-web']);
/** They ask for what only Connect does. */
const NOT_PLAIN = ['grpc-encoding', 'grpc-accept-encoding', 'grpc-timeout'];
/** Of a frame: a byte of flags, and the length of the message. */
const HEAD = 5;

/**
 * Answers the plainest calls in front of Connect: gRPC-web in binary, one message, not compressed, no deadline. That is what
 * pages send, and Connect's streams in streams would be two thirds of its cost.
 *
 * It has no rules of its own: a call goes through the same chain, Connect's functions write status and trailer, and whatever is
 * not plain is left to Connect.
 */
export function createPlainCalls({ find, toConnectError }: Deps): PlainCalls {
  return {
    isPlain({ method, headers }, path) {
      const length = Number(headers['content-length']);
      const found = find(path);
      return (
        method === 'POST' &&
        found !== undefined &&
        !found.requestStream &&
        !found.responseStream &&
        CONTENT_TYPES.has(headers['content-type'] ?? '') &&
        NOT_PLAIN.every((name) => headers[name] === undefined) &&
        length >= HEAD &&
        length <= HEAD + LONGEST_MESSAGE
      );
    },

    async answer({ path, requestHeader, body, address }, response) {
      const method = find(path);
      const isOneMessage = body.readUInt8(0) === 0 && body.readUInt32BE(1) === body.length - HEAD;
      if (!method || !isOneMessage) return false;

      const gone = new AbortController();
      response.once('close', () => {
        if (!response.writableFinished) gone.abort();
      });
      const context = toCallContext({ requestHeader, responseHeader: new Headers(), address, signal: gone.signal });
      const answers = method.answer(body.subarray(HEAD), context);
      const trailer = new Headers();
      let message: Uint8Array | undefined;
      try {
        message = (await untilAborted(gone.signal, answers.next())).value;
        // To its end: the trailer comes last.
        await answers.next();
        trailer.set('grpc-status', grpcStatusOk);
        copyInto(trailer, context.trailer);
      } catch (error) {
        if (gone.signal.aborted) {
          // Not waited for: the handler may be in the middle of something that nobody can break off.
          answers.return(undefined).catch(() => undefined);
          return true;
        }
        setTrailerStatus(trailer, toConnectError(error, context.trailer));
      }
      copyInto(context.responseHeader, context.header);
      const frames = message ? [toFrame(0, message)] : [];
      const bytes = Buffer.concat([...frames, toFrame(trailerFlag, trailerSerialize(trailer))]);
      response.setHeaders(context.responseHeader);
      response.setHeader('content-type', 'application/grpc-web+proto');
      response.setHeader('content-length', bytes.length);
      response.end(bytes);
      return true;
    },
  };
}

function toFrame(flags: number, message: Uint8Array): Buffer {
  const frame = Buffer.alloc(HEAD + message.length);
  frame.writeUInt8(flags, 0);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, HEAD);
  return frame;
}
