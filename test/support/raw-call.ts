import { createChannel, createClientFactory } from 'nice-grpc';
import type { CallOptions, ChannelCredentials } from 'nice-grpc';
import { RichClientError, errorDetailsClientMiddleware } from 'nice-grpc-error-details';
import { refusalOf } from './refusal.ts';
import type { Refusal } from './refusal.ts';

/** Sends bytes as they are, which no generated client would. */
export type RawCaller = {
  readonly call: (path: string, message: Uint8Array, options?: CallOptions) => Promise<Uint8Array>;
  /** The first answer of a server stream, which is given up then; null: it ended without one. */
  readonly first: (path: string, message: Uint8Array, options?: CallOptions) => Promise<Uint8Array | null>;
  /** How a call is refused, and all the text that its caller gets to see. */
  readonly refusalOf: (path: string, message: Uint8Array, options?: CallOptions) => Promise<Refusal & { seen: string }>;
  readonly close: () => void;
};

export function createRawCaller(address: string, credentials?: ChannelCredentials): RawCaller {
  const channel = createChannel(address, credentials);
  const factory = createClientFactory().use(errorDetailsClientMiddleware);
  const asIs = (bytes: Uint8Array) => Buffer.from(bytes);

  const definition = (path: string) => ({
    path,
    requestStream: false as const,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
    options: {},
  });

  async function call(path: string, message: Uint8Array, options: CallOptions = {}): Promise<Uint8Array> {
    const method = { ...definition(path), responseStream: false as const };
    return await factory.create({ method }, channel).method(message, options);
  }

  return {
    call,
    async first(path, message, options = {}) {
      const method = { ...definition(path), responseStream: true as const };
      for await (const answer of factory.create({ method }, channel).method(message, options)) return answer;
      return null;
    },
    async refusalOf(path, message, options) {
      const answer = call(path, message, options);
      const refusal = await refusalOf(answer);
      const error: unknown = await answer.catch((reason: unknown) => reason);
      const extra = error instanceof RichClientError ? error.extra : [];
      return { ...refusal, seen: JSON.stringify([refusal, extra]) };
    },
    close: () => channel.close(),
  };
}
