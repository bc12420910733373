import type { IsWellFormed } from './wire-format.ts';

type Codec = { decode: (bytes: Uint8Array) => unknown };
type Definition = {
  readonly fullName: string;
  readonly methods: Readonly<Record<string, { readonly name: string; readonly requestType: object }>>;
};

const MALFORMED = Symbol('malformed');

/**
 * Lets requests that are not what the contract says through as a marker. grpc-js would answer undecodable ones INTERNAL by
 * itself, before any middleware; they are the caller's mistake, and are refused as such (middleware/bound-work.ts).
 */
export function markMalformedRequests<D extends Definition>(
  definition: D,
  wireFormat: (serviceName: string, methodName: string) => IsWellFormed,
): D {
  const methods = Object.entries(definition.methods).map(([key, method]) => {
    const codec = method.requestType as Codec;
    const isWellFormed = wireFormat(definition.fullName, method.name);
    const decode = (bytes: Uint8Array) => {
      try {
        return isWellFormed(bytes) ? codec.decode(bytes) : { [MALFORMED]: true };
      } catch {
        return { [MALFORMED]: true };
      }
    };
    return [key, { ...method, requestType: { ...codec, decode } }];
  });
  return { ...definition, methods: Object.fromEntries(methods) as D['methods'] };
}

export function isMalformed(request: unknown): boolean {
  return typeof request === 'object' && request !== null && MALFORMED in request;
}
