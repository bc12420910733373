import type { DescField, DescMethod, FileRegistry } from '@bufbuild/protobuf';

/** Where messages of a call have tokens that browsers keep in cookies; the names are those of the messages in TypeScript. */
export type TokenFields = {
  /** Fields of the response that are a TokenPair. */
  readonly pairs: readonly string[];
  /** Whether the request has a `refresh_token`. */
  readonly takesRefreshToken: boolean;
  readonly takesDeviceToken: boolean;
  readonly givesDeviceToken: boolean;
};

const isPair = (field: DescField) => field.fieldKind === 'message' && field.message.typeName === 'auth.v1.TokenPair';

/** Of one call, by its descriptor: a new method is treated like the others. null: it knows no tokens. */
function findTokenFields({ input, output }: DescMethod): TokenFields | null {
  const has = (fields: readonly DescField[], name: string) => fields.some((field) => field.name === name);
  const fields = {
    pairs: output.fields.filter(isPair).map(({ localName }) => localName),
    takesRefreshToken: has(input.fields, 'refresh_token'),
    takesDeviceToken: has(input.fields, 'device_token'),
    givesDeviceToken: has(output.fields, 'device_token'),
  };
  const { pairs, takesRefreshToken, takesDeviceToken, givesDeviceToken } = fields;
  return pairs.length > 0 || takesRefreshToken || takesDeviceToken || givesDeviceToken ? fields : null;
}

/** By the path of the call. */
export function findAllTokenFields(registry: FileRegistry): ReadonlyMap<string, TokenFields> {
  const methods = [...registry.files].flatMap(({ services }) => services.flatMap((service) => service.methods));
  return new Map(
    methods.flatMap((method) => {
      const fields = findTokenFields(method);
      return fields ? [[`/${method.parent.typeName}/${method.name}`, fields] as const] : [];
    }),
  );
}
