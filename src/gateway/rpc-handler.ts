import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ContextValues } from '@connectrpc/connect';
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from '@connectrpc/connect-node';
import type { Reason } from '../errors/reasons.ts';
import { answerJson, answerRefusal } from './answers.ts';
import { boundTimeout } from './bound-timeout.ts';
import type { Call, ConnectHandlers } from './connect-handlers.ts';
import { fromText, isText, toText } from './grpc-web-text.ts';
import type { HttpHandler } from './routes.ts';

type Deps = ConnectHandlers & {
  /** What is known of a call before it is read; null: nobody is there any more. */
  readonly valuesOf: (request: IncomingMessage) => ContextValues | null;
  /** For refusals that do not come from the chain, which notes its own. */
  readonly onRefused: (request: IncomingMessage, reason: Reason) => void;
  /** For defects. */
  readonly onProblem: (error: unknown) => void;
};

/** Calls as they come by HTTP. Unlike Connect's own adapter it writes nothing to the console, and survives any request. */
export function createRpcHandler({ methodsOf, answerCall, valuesOf, onRefused, onProblem }: Deps): HttpHandler {
  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request;
    const [path = ''] = url.split('?', 1);
    response.setHeader('cache-control', 'no-store');
    // What was left unread would stand before the next request of the connection.
    response.once('finish', () => request.resume());
    const methods = methodsOf(path);
    if (!methods.includes(method)) {
      const allow = methods.toSorted().join(', ');
      answerJson(response, 405, { code: 'unimplemented', message: `It is called by ${allow}.` }, { allow });
      return;
    }
    const contextValues = valuesOf(request);
    if (!contextValues) {
      response.destroy();
      return;
    }
    const call = readCall(request, response, contextValues);
    const answer = call && (isText(call) ? await answerText(path, call) : await answerCall(path, call));
    if (answer) {
      await universalResponseToNodeResponse(answer, response);
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
function readCall(request: IncomingMessage, response: ServerResponse, contextValues: ContextValues): Call | null {
  try {
    const call = universalRequestFromNodeRequest(request, response, undefined, contextValues);
    // One that is left unread must still be answered, so its connection has to stay.
    boundTimeout(call.header);
    return { ...call, contextValues, body: request.iterator({ destroyOnReturn: false }) };
  } catch {
    return null;
  }
}
