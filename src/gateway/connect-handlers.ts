import type { DescMessage, DescMethod } from '@bufbuild/protobuf';
import { createConnectRouter, createContextKey } from '@connectrpc/connect';
import type { ContextValues, HandlerContext } from '@connectrpc/connect';
import { compressionGzip } from '@connectrpc/connect-node';
import type { UniversalServerRequest, UniversalServerResponse } from '@connectrpc/connect/protocol';
import type { AppError } from '../errors/app-error.ts';
import { createRpcRoutes, isInChainKey } from './rpc-routes.ts';
import { LONGEST_MESSAGE, toRefusal } from './unreadable.ts';

export type Call = UniversalServerRequest & { readonly contextValues: ContextValues };

export type ConnectHandlers = {
  /** The methods of HTTP that a call may come by: GET, too, where the contract says that nothing is changed. */
  readonly methodsOf: (path: string) => readonly string[];
  /** Whether a call has answers that follow each other. */
  readonly isStreamed: (path: string) => boolean;
  /** @returns null for a type of content that no protocol has */
  readonly answerCall: (path: string, call: Call) => Promise<UniversalServerResponse | null>;
};

const contextKey = createContextKey<HandlerContext | null>(null, { description: 'how Connect has begun the call' });
const refusalKey = createContextKey<AppError | null>(null, { description: 'why the call cannot be read' });

/**
 * Calls by gRPC-web, Connect and JSON. Every refusal is one of the catalogue: what Connect cannot read is given to the chain to
 * refuse, which tells the client and the log in its own words.
 */
export function createConnectHandlers(deps: Parameters<typeof createRpcRoutes>[0]): ConnectHandlers {
  const routes = createRpcRoutes(deps);

  function createHandlers(as?: (method: DescMethod) => DescMethod) {
    const router = createConnectRouter({
      // It is the other listener that speaks gRPC.
      grpc: false,
      acceptCompression: [compressionGzip],
      readMaxBytes: LONGEST_MESSAGE,
      // As protobuf wants it, and Connect does not: to pass over a name that is misspelt, of a field or of a value of an enum,
      // would be to do what nobody asked for.
      jsonOptions: { ignoreUnknownFields: false },
      // Before the call is read.
      async requestGate(context) {
        context.values.set(contextKey, context);
        const refusal = context.values.get(refusalKey);
        if (refusal) await routes.refuse(context, refusal);
      },
    });
    routes.mount(router, as);
    return new Map(router.handlers.map((handler) => [handler.requestPath, handler]));
  }
  const forJson = createHandlers();
  const forBinary = createHandlers(opaque);

  return {
    methodsOf: (path) => forJson.get(path)?.allowedMethods ?? [],
    isStreamed: (path) => forJson.get(path)?.method.methodKind.endsWith('streaming') ?? false,
    async answerCall(path, call) {
      const { contextValues } = call;
      const handler = (isJson(call) ? forJson : forBinary).get(path);
      const answer = await handler?.(call);
      if (!handler || !answer) return null;
      if (contextValues.get(isInChainKey)) return answer;
      const context = contextValues.get(contextKey);
      if (!context) return null;
      // The signal of a context is aborted with what went wrong.
      const refusal = toRefusal(context.signal.reason);
      if (!refusal) return answer;
      contextValues.set(refusalKey, refusal);
      return await handler(call);
    },
  };
}

function isJson({ method, url, header }: UniversalServerRequest): boolean {
  if (method === 'GET') return new URL(url).searchParams.get('encoding') === 'json';
  return /json/i.test(header.get('content-type') ?? '');
}

/**
 * A method whose binary messages pass as they are. To a message without fields every field is unknown, and is kept as it came.
 * Decoded by protobuf-es, a field of another wire type than the contract's is read as if it were of that one, and the chain,
 * which refuses it on gRPC, could not see it any more.
 */
function opaque(method: DescMethod): DescMethod {
  return { ...method, input: withoutFields(method.input), output: withoutFields(method.output) };
}

function withoutFields(message: DescMessage): DescMessage {
  return { ...message, fields: [], field: {}, members: [], oneofs: [] };
}
