import { fromBinary, toBinary } from '@bufbuild/protobuf';
import type { DescMessage, DescMethod, FileRegistry, Message } from '@bufbuild/protobuf';
import { ConnectError, createContextKey } from '@connectrpc/connect';
import type { ConnectRouter, HandlerContext } from '@connectrpc/connect';
import type { AppError } from '../errors/app-error.ts';
import { failedRequest } from '../grpc/failed-request.ts';
import type { FailedRequest } from '../grpc/failed-request.ts';
import type { InProcessMethod } from '../grpc/in-process-server.ts';
import { toCallContext } from './call-context.ts';
import type { WithHttpHeaders } from './call-context.ts';
import { copyInto } from './to-connect-error.ts';
import type { ToConnectError } from './to-connect-error.ts';
import { untilAborted } from './until-aborted.ts';
import { toRefusal } from './unreadable.ts';

type Deps = {
  /** Of all that is served. */
  readonly registry: FileRegistry;
  /** A method that is mounted, by its path. */
  readonly find: (path: string) => Method | undefined;
  readonly toConnectError: ToConnectError;
};

type RpcRoutes = {
  /** @param as the form that methods are mounted in */
  readonly mount: (router: ConnectRouter, as?: (method: DescMethod) => DescMethod) => void;
  /** Has the chain refuse a call that could not be read. @throws what Connect answers with */
  readonly refuse: (context: HandlerContext, refusal: AppError) => Promise<void>;
};

type Request = Message | AsyncIterable<Message>;
type Method = InProcessMethod<WithHttpHeaders>;

/** Where the person calls from. */
export const clientAddressKey = createContextKey('', { description: 'the address of the client' });

/** Whether the chain has been given the call. */
export const isInChainKey = createContextKey(false, { description: 'whether the chain has the call' });

/**
 * Mounts what is served for gRPC-web, Connect and JSON, by its descriptors alone: a new method is here when its access option
 * says so. What is not mounted does not exist here.
 */
export function createRpcRoutes({ registry, find, toConnectError }: Deps): RpcRoutes {
  const findBy = ({ parent, name }: DescMethod) => find(`/${parent.typeName}/${name}`);

  /** A call as the chain takes it, its answers as Connect gives them on. */
  async function* answer(
    method: Method,
    request: Request | FailedRequest,
    handlerContext: HandlerContext,
  ): AsyncGenerator<Message, undefined, undefined> {
    const { signal, responseHeader, responseTrailer, values } = handlerContext;
    const { input, output } = handlerContext.method;
    const context = toCallContext({ ...handlerContext, address: values.get(clientAddressKey) });
    values.set(isInChainKey, true);
    const responses = method.answer(encode(input, request), context);
    let isFirst = true;
    try {
      for (;;) {
        signal.throwIfAborted();
        const result = await untilAborted(signal, responses.next());
        if (result.done) break;
        // With the first answer; later the header has been sent.
        if (isFirst) copyInto(responseHeader, context.header);
        isFirst = false;
        yield fromBinary(output, result.value);
      }
    } catch (error) {
      // The deadline, or the client that went away: Connect knows which, and answers with it.
      if (signal.aborted) throw ConnectError.from(signal.reason);
      // Not with the error: gRPC-web would put it into the body, where no browser looks for cookies.
      if (isFirst) copyInto(responseHeader, context.header);
      throw toConnectError(error, context.trailer);
    } finally {
      // Not waited for: the handler may be in the middle of something that nobody can break off.
      responses.return(undefined).catch(() => undefined);
    }
    copyInto(responseTrailer, context.trailer);
    return undefined;
  }

  /** In the form that Connect wants of the method's kind. */
  function implement({ methodKind }: DescMethod, method: Method) {
    if (methodKind === 'server_streaming' || methodKind === 'bidi_streaming') {
      return (request: Request, context: HandlerContext) => answer(method, request, context);
    }
    return async (request: Request, context: HandlerContext) => {
      const answers = answer(method, request, context);
      const { value: response } = await answers.next();
      // To its end: the trailer comes last.
      await answers.next();
      return response;
    };
  }

  return {
    mount(router, as = (method) => method) {
      for (const file of registry.files) {
        for (const desc of file.services.flatMap(({ methods }) => methods)) {
          const method = findBy(desc);
          if (method) router.rpc(as(desc), implement(desc, method) as never);
        }
      }
    },
    async refuse(context, refusal) {
      const method = findBy(context.method);
      if (method) await answer(method, failedRequest(refusal), context).next();
    },
  };
}

function encode(schema: DescMessage, request: Request | FailedRequest) {
  if ('$typeName' in request) return toBinary(schema, request);
  return Symbol.asyncIterator in request ? encodeAll(schema, request) : request;
}

async function* encodeAll(schema: DescMessage, messages: AsyncIterable<Message>): AsyncIterable<Uint8Array> {
  try {
    for await (const message of messages) yield toBinary(schema, message);
  } catch (error) {
    // In the middle of a stream, where the chain reads already.
    throw toRefusal(error) ?? error;
  }
}
