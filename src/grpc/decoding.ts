type Codec = { decode: (bytes: Uint8Array) => unknown };
type Definition = { readonly methods: Readonly<Record<string, { readonly requestType: object }>> };

const MALFORMED = Symbol('malformed');

/**
 * Lets undecodable requests through as a marker. grpc-js would answer them INTERNAL by itself, before any middleware; they
 * are the caller's mistake, and are refused as such (middleware/bound-work.ts).
 */
export function markMalformedRequests<D extends Definition>(definition: D): D {
  const methods = Object.entries(definition.methods).map(([key, method]) => {
    const codec = method.requestType as Codec;
    const decode = (bytes: Uint8Array) => {
      try {
        return codec.decode(bytes);
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
