import { Metadata } from 'nice-grpc-common';
import type { CallContext } from 'nice-grpc-common';

/** Metadata has ASCII alone (the gRPC specification, "Custom-Metadata"); a header may have more, and is left behind. */
const ASCII_VALUE = /^[ -~]*$/;
const KEY = /^[0-9a-z_.-]+$/;
/** Of HTTP, not of the call; and cookies, of which the call knows nothing (refresh-cookie.ts). */
const LEFT_BEHIND = new Set(['connection', 'content-length', 'cookie', 'host', 'te', 'transfer-encoding']);

/** For what is of HTTP alone: all headers as they have come, and those of the answer. Metadata would fold several cookies into one. */
export type WithHttpHeaders = { readonly requestHeader: Headers; readonly responseHeader: Headers };

type HttpCall = WithHttpHeaders & {
  /** Where the person calls from, as the connection or a proxy that is believed says it. */
  readonly address: string;
  readonly signal: AbortSignal;
};

/** What the chain of middleware sees of a call that has come by HTTP. */
export function toCallContext({
  requestHeader,
  responseHeader,
  address,
  signal,
}: HttpCall): CallContext & WithHttpHeaders {
  return {
    requestHeader,
    responseHeader,
    metadata: toMetadata(requestHeader),
    // In brackets, with a port, as grpc-js writes it.
    peer: `[${address}]:0`,
    header: Metadata(),
    trailer: Metadata(),
    sendHeader: () => undefined,
    signal,
  };
}

function toMetadata(headers: Headers): Metadata {
  const metadata = Metadata();
  for (const [key, value] of headers) {
    if (LEFT_BEHIND.has(key) || !KEY.test(key) || !ASCII_VALUE.test(value)) continue;
    if (!key.endsWith('-bin')) metadata.append(key, value);
    // Several values come in one header.
    else for (const part of value.split(',')) metadata.append(key, new Uint8Array(Buffer.from(part, 'base64')));
  }
  return metadata;
}
