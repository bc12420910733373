/** A response that is bytes already. */
const BYTES = Symbol('bytes');
type EncodedResponse = { readonly [BYTES]: Buffer };

type Codec = {
  encode: (message: never) => { finish: () => Uint8Array };
  fromPartial: (message: never) => unknown;
};
type Definition = {
  readonly fullName: string;
  readonly methods: Readonly<Record<string, { readonly name: string; readonly responseType: object }>>;
};

/** A response in its encoded form. Whoever made it answers for its type. */
export function encodedResponse(bytes: Buffer): object {
  return { [BYTES]: bytes } satisfies EncodedResponse;
}

/** Lets encoded responses through as they are. All others are encoded as always. */
export function passEncodedResponses<D extends Definition>(definition: D): D {
  const methods = Object.entries(definition.methods).map(([key, method]) => {
    const codec = method.responseType as Codec;
    const responseType = {
      ...codec,
      fromPartial: (message: object) => (BYTES in message ? message : codec.fromPartial(message as never)),
      encode: (message: object) =>
        BYTES in message ? { finish: () => (message as EncodedResponse)[BYTES] } : codec.encode(message as never),
    };
    return [key, { ...method, responseType }];
  });
  return { ...definition, methods: Object.fromEntries(methods) as D['methods'] };
}
