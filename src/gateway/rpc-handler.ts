import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { createContextValues } from '@connectrpc/connect';
import type { ContextValues } from '@connectrpc/connect';
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from '@connectrpc/connect-node';
import type { Reason } from '../errors/reasons.ts';
import { answerJson, answerRefusal } from './answers.ts';
import { boundTimeout } from './bound-timeout.ts';
import type { Call, ConnectHandlers } from './connect-handlers.ts';
import { fromText, isText, toText } from './grpc-web-text.ts';
import { createLargeBodies } from './large-bodies.ts';
import type { PlainCalls } from './plain-calls.ts';
import { readWhole } from './read-whole.ts';
import type { HttpHandler } from './routes.ts';
import { clientAddressKey } from './rpc-routes.ts';
import { writeWhole } from './write-whole.ts';

type Deps = ConnectHandlers & {
  readonly plainCalls: PlainCalls;
  /** Where a call comes from; undefined: nobody is there any more. */
  readonly addressOf: (request: IncomingMessage) => string | undefined;
  /** For refusals that do not come from the chain, which notes its own. */
  readonly onRefused: (request: IncomingMessage, reason: Reason) => void;
  /** For defects. */
  readonly onProblem: (error: unknown) => void;
};

/** Calls as they come by HTTP. Unlike Connect's own adapter it writes nothing to the console, and survives any request. */
export function createRpcHandler(deps: Deps): HttpHandler {
  const { methodsOf, isStreamed, answerCall, plainCalls, addressOf, onRefused, onProblem } = deps;
  const largeBodies = createLargeBodies();

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request;
    const [path = ''] = url.split('?', 1);
    response.setHeader('cache-control', 'no-store');
    // One that is left unread must still be answered, so its connection has to stay.
    const pieces = request.iterator({ destroyOnReturn: false });
    // What was left unread would stand before the next request of the connection. As long as it is read in pieces, nothing else
    // takes it.
    response.once('finish', () => void pieces.return?.().then(() => request.resume()));
    const methods = methodsOf(path);
    if (!methods.includes(method)) {
      const allow = methods.toSorted().join(', ');
      answerJson(response, 405, { code: 'unimplemented', message: `It is called by ${allow}.` }, { allow });
      return;
    }
    const address = addressOf(request);
    if (address === undefined) {
      response.destroy();
      return;
    }
    if (!largeBodies.admit(request, response)) {
      onRefused(request, 'OVERLOADED');
      answerRefusal(response, 503, 'OVERLOADED', { 'retry-after': '1' });
      return;
    }
    let body: AsyncIterable<Uint8Array> = pieces;
    if (plainCalls.isPlain(request, path)) {
      const whole = await readWhole(request);
      if (await plainCalls.answer({ path, requestHeader: toHeaders(request), body: whole, address }, response)) return;
      body = Readable.from([whole]);
    }
    const call = readCall(request, response, createContextValues().set(clientAddressKey, address), body);
    const answer = call && (isText(call) ? await answerText(path, call) : await answerCall(path, call));
    if (answer) {
      await (isStreamed(path) ? universalResponseToNodeResponse(answer, response) : writeWhole(answer, response));
    } else {
      onRefused(request, 'MALFORMED_MESSAGE');
      answerRefusal(response, call ? 415 : 400, 'MALFORMED_MESSAGE');
    }
  }

  async function answerText(path: string, call: Call) {
    const answer = await answerCall(path, { ...fromText(call), contextValues: call.contextValues });
    return answer && toText(answer);
  }

  return (request, response) => {
    handle(request, response).catch((error: unknown) => {
      // A client that went away.
      if (response.destroyed) return;
      onProblem(error);
      if (response.headersSent) response.destroy();
      else answerRefusal(response, 500, 'INTERNAL');
    });
  };
}

/** @returns null for a request that is not one: its host is none */
function readCall(
  request: IncomingMessage,
  response: ServerResponse,
  contextValues: ContextValues,
  body: AsyncIterable<Uint8Array>,
): Call | null {
  try {
    const call = universalRequestFromNodeRequest(request, response, undefined, contextValues);
    boundTimeout(call.header);
    return { ...call, contextValues, body };
  } catch {
    return null;
  }
}

function toHeaders({ headers }: IncomingMessage): Headers {
  const all = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    for (const one of Array.isArray(value) ? value : [value ?? '']) all.append(name, one);
  }
  return all;
}
