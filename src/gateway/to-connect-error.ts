import { fromBinary } from '@bufbuild/protobuf';
import type { Message, Registry } from '@bufbuild/protobuf';
import type { Duration } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError } from '@connectrpc/connect';
import { isAbortError } from 'abort-controller-x';
import { ServerError } from 'nice-grpc-common';
import type { Metadata } from 'nice-grpc-common';

/** The numbers are those of gRPC in both. */
const CODES = new Map(
  Object.values(Code).flatMap((code) => (typeof code === 'number' ? [[code as number, code]] : [])),
);

const STATUS_DETAILS = 'grpc-status-details-bin';

/**
 * What the chain of middleware has thrown, as Connect carries it: the same status and text, the same details.
 *
 * @param trailer where the chain has put the details (google.rpc.Status); the rest of it goes along
 * @param registry knows the messages of details, so that JSON shows them in words
 */
export function createToConnectError(registry: Registry) {
  const statusSchema = registry.getMessage('google.rpc.Status');
  if (!statusSchema) throw new Error('google.rpc.Status is not in the descriptors.');

  return function toConnectError(error: unknown, trailer: Metadata): ConnectError {
    if (isAbortError(error)) return new ConnectError('The call was cancelled.', Code.Canceled);
    // The chain lets nothing else out; what it would say is not for callers.
    if (!(error instanceof ServerError)) return new ConnectError('Internal error.', Code.Internal);
    const converted = new ConnectError(error.details, CODES.get(error.code) ?? Code.Unknown);
    copyInto(converted.metadata, trailer);
    const bytes = trailer.get(STATUS_DETAILS);
    if (bytes) {
      const { details } = fromBinary(statusSchema, bytes) as Message & { details: Detail[] };
      converted.details = details.map(({ typeUrl, value }) => {
        const type = typeUrl.slice(typeUrl.lastIndexOf('/') + 1);
        const desc = registry.getMessage(type);
        return desc ? { desc, value: fromBinary(desc, value) } : { type, value };
      });
      setRetryAfter(converted);
    }
    return converted;
  };
}

/** What google.rpc.RetryInfo says, as all clients of HTTP understand it (RFC 9110, section 10.2.3). */
function setRetryAfter({ metadata, details }: ConnectError): void {
  for (const detail of details) {
    if (!('desc' in detail) || detail.desc.typeName !== 'google.rpc.RetryInfo') continue;
    const { retryDelay } = detail.value as { retryDelay?: Duration };
    if (retryDelay) metadata.set('retry-after', String(Math.ceil(Number(retryDelay.seconds) + retryDelay.nanos / 1e9)));
  }
}

export type ToConnectError = ReturnType<typeof createToConnectError>;

type Detail = { readonly typeUrl: string; readonly value: Uint8Array };

/** Text and binary metadata as headers; the details of a status have a place of their own in each protocol. */
export function copyInto(headers: Headers, metadata: Metadata): void {
  for (const [key, values] of metadata) {
    if (key === STATUS_DETAILS) continue;
    for (const value of values) {
      headers.append(key, typeof value === 'string' ? value : Buffer.from(value).toString('base64'));
    }
  }
}
