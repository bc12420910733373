import { fromBinary, toBinary } from '@bufbuild/protobuf';
import type { DescMessage, DescMethod, FileRegistry, Message } from '@bufbuild/protobuf';
import { ConnectError } from '@connectrpc/connect';
import type { ConnectRouter, HandlerContext } from '@connectrpc/connect';
import type { InProcessMethod, InProcessServer } from '../grpc/in-process-server.ts';
import { toCallContext } from './call-context.ts';
import { copyInto, createToConnectError } from './to-connect-error.ts';

type Deps = {
  /** Of all that is served. */
  readonly registry: FileRegistry;
  readonly server: Pick<InProcessServer, 'find'>;
  /** Whether a method, by its path, is one of those that browsers may know. */
  readonly isMounted: (path: string) => boolean;
};

/**
 * Mounts what is served for gRPC-web, Connect and JSON, by its descriptors alone: a new method is here when its access option
 * says so. What is not mounted does not exist here.
 */
export function createRpcRoutes({ registry, server, isMounted }: Deps): (router: ConnectRouter) => void {
  const toConnectError = createToConnectError(registry);

  /** A call as the chain takes it, its answers as Connect gives them on. */
  async function* answer(
    { input, output }: { input: DescMessage; output: DescMessage },
    method: InProcessMethod,
    request: Message | AsyncIterable<Message>,
    handlerContext: HandlerContext,
  ): AsyncGenerator<Message, undefined, undefined> {
    const context = toCallContext(handlerContext);
    const bytes = '$typeName' in request ? toBinary(input, request) : encodeAll(input, request);
    const responses = method.answer(bytes, context);
    try {
      for (;;) {
        const result = await untilAborted(handlerContext.signal, responses.next());
        if (result.done) break;
        copyInto(handlerContext.responseHeader, context.header);
        yield fromBinary(output, result.value);
      }
    } catch (error) {
      // The deadline, or the client that went away: Connect knows which, and answers with it.
      if (handlerContext.signal.aborted) throw ConnectError.from(handlerContext.signal.reason);
      throw toConnectError(error, context.trailer, context.header);
    } finally {
      // Not waited for: the handler may be in the middle of something that nobody can break off.
      responses.return(undefined).catch(() => undefined);
    }
    copyInto(handlerContext.responseTrailer, context.trailer);
    return undefined;
  }

  /** In the form that Connect wants of the method's kind. */
  function implement(desc: DescMethod, method: InProcessMethod) {
    if (desc.methodKind === 'server_streaming' || desc.methodKind === 'bidi_streaming') {
      return (request: Message | AsyncIterable<Message>, context: HandlerContext) =>
        answer(desc, method, request, context);
    }
    return async (request: Message | AsyncIterable<Message>, context: HandlerContext) => {
      const answers = answer(desc, method, request, context);
      const { value: response } = await answers.next();
      // To its end: the trailer comes last.
      await answers.next();
      return response;
    };
  }

  return (router) => {
    for (const file of registry.files) {
      for (const desc of file.services.flatMap(({ methods }) => methods)) {
        const path = `/${desc.parent.typeName}/${desc.name}`;
        const method = isMounted(path) ? server.find(path) : undefined;
        if (method) router.rpc(desc, implement(desc, method) as never);
      }
    }
  };
}

async function* encodeAll(schema: DescMessage, messages: AsyncIterable<Message>): AsyncIterable<Uint8Array> {
  for await (const message of messages) yield toBinary(schema, message);
}

/** Rejects as soon as the signal is aborted, whether the work has ended or not. */
async function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
