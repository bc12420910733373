import type { ServerAddBuilder } from 'nice-grpc';
import { composeServerMiddleware } from 'nice-grpc-common';
import type { CallContext, MethodDescriptor, ServerMiddleware } from 'nice-grpc-common';
import { isFailedRequest } from './failed-request.ts';
import type { FailedRequest } from './failed-request.ts';

/** A call from inside the process: messages in their encoded form. */
export type InProcessMethod<Own extends object = object> = {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  /**
   * Answers with one response, or with a stream of them. Throws what the chain of middleware throws; header and trailer are
   * those of the context. A request that has failed already is refused by the chain.
   */
  readonly answer: (
    request: Uint8Array | AsyncIterable<Uint8Array> | FailedRequest,
    context: CallContext & Own,
  ) => AsyncGenerator<Uint8Array, undefined, undefined>;
};

/**
 * Takes services and middleware as nice-grpc's server does, and is called without a connection in between.
 *
 * @typeParam Own what the listener's own calls have beside what all have
 */
export type InProcessServer<Own extends object = object> = ServerAddBuilder<Own> & {
  /** By its path, `/package.Service/Method`. */
  readonly find: (path: string) => InProcessMethod<Own> | undefined;
};

/** What ts-proto generates of a method, as far as it is needed here. */
type Method = {
  readonly name: string;
  readonly requestType: { readonly decode: (bytes: Uint8Array) => unknown };
  readonly requestStream: boolean;
  readonly responseType: {
    readonly fromPartial: (message: object) => object;
    readonly encode: (message: object) => { readonly finish: () => Uint8Array };
  };
  readonly responseStream: boolean;
  readonly options: MethodDescriptor['options'];
};
type Definition = { readonly fullName: string; readonly methods: Readonly<Record<string, Method>> };
type Handler = (request: unknown, context: CallContext) => Promise<object> | AsyncIterable<object>;
type AnyMiddleware = ServerMiddleware<object, object>;

/**
 * The same services behind the same middleware as on the listener for gRPC, for a listener that speaks another protocol: a
 * connection to ourselves would cost each call a second trip through HTTP/2, and hide who calls.
 */
export function createInProcessServer<Own extends object = object>(): InProcessServer<Own> {
  const methods = new Map<string, InProcessMethod>();

  function builder(middleware: AnyMiddleware | null): ServerAddBuilder<Own> {
    return {
      with(next) {
        const added = next as AnyMiddleware;
        return builder(middleware ? composeServerMiddleware(middleware, added) : added) as never;
      },
      add(definition, implementation) {
        const { fullName, methods: defined } = definition as unknown as Definition;
        for (const [key, method] of Object.entries(defined)) {
          const handler = (implementation as unknown as Record<string, Handler>)[key];
          if (!handler) throw new Error(`${fullName}/${method.name} has no implementation.`);
          const path = `/${fullName}/${method.name}`;
          methods.set(path, createMethod(path, method, handler.bind(implementation), middleware));
        }
      },
    };
  }
  return { ...builder(null), find: (path) => methods.get(path) };
}

function createMethod(
  path: string,
  { requestType, requestStream, responseType, responseStream, options }: Method,
  handler: Handler,
  middleware: AnyMiddleware | null,
): InProcessMethod {
  const encode = (message: object) => responseType.encode(responseType.fromPartial(message)).finish();

  async function* next(request: unknown, context: CallContext): AsyncGenerator<object, object | undefined, undefined> {
    const response = handler(request, context);
    if (!responseStream) return await (response as Promise<object>);
    yield* response as AsyncIterable<object>;
    return undefined;
  }

  function decode(request: Uint8Array | AsyncIterable<Uint8Array> | FailedRequest): unknown {
    if (isFailedRequest(request)) return request;
    return request instanceof Uint8Array ? requestType.decode(request) : decodeAll(request);
  }

  async function* decodeAll(requests: AsyncIterable<Uint8Array>): AsyncIterable<unknown> {
    for await (const bytes of requests) yield requestType.decode(bytes);
  }

  return {
    path,
    requestStream,
    responseStream,
    async *answer(request, context) {
      const decoded = decode(request);
      const call = { method: { path, requestStream, responseStream, options }, requestStream, responseStream, next };
      const responses = middleware
        ? middleware({ ...call, request: decoded } as never, context)
        : next(decoded, context);
      let result = await responses.next();
      try {
        while (!result.done) {
          yield encode(result.value as object);
          result = await responses.next();
        }
        if (!responseStream) yield encode(result.value as object);
      } finally {
        // A reader that has gone away ends the handler, too.
        if (!result.done) await responses.return(undefined);
      }
      return undefined;
    },
  };
}
