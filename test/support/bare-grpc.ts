import { fromBinary, fromJson, toBinary, toJson } from '@bufbuild/protobuf';
import type { FileRegistry, JsonObject, JsonValue, Message } from '@bufbuild/protobuf';
import { credentials, makeGenericClientConstructor } from '@grpc/grpc-js';
import type { ChannelOptions, Client, MethodDefinition, ServiceError } from '@grpc/grpc-js';

/** grpc-js and protobuf-es alone, as a program of somebody else has them: messages are JSON. */
export function createBareClient(
  address: string,
  registry: FileRegistry,
  service: string,
  options: ChannelOptions = {},
) {
  const desc = registry.getService(service);
  if (!desc) throw new Error(`There is no service ${service}.`);
  const methods = desc.methods.map(({ name, methodKind, input, output }) => {
    const definition: MethodDefinition<JsonValue, JsonObject> = {
      path: `/${service}/${name}`,
      requestStream: methodKind === 'client_streaming' || methodKind === 'bidi_streaming',
      responseStream: methodKind === 'server_streaming' || methodKind === 'bidi_streaming',
      requestSerialize: (message) => Buffer.from(toBinary(input, fromJson(input, message))),
      requestDeserialize: (bytes) => toJson(input, fromBinary(input, bytes)),
      responseSerialize: (message) => Buffer.from(toBinary(output, fromJson(output, message))),
      responseDeserialize: (bytes) => toJson(output, fromBinary(output, bytes)) as JsonObject,
    };
    return [name, definition] as const;
  });
  const definitions = Object.fromEntries(methods);
  const client: Client = new (makeGenericClientConstructor(definitions, service))(
    address,
    credentials.createInsecure(),
    options,
  );
  return { client, definitions };
}

/** The details of a refusal by their types, as google.rpc.Status carries them. */
export function detailsOf({ metadata }: ServiceError, registry: FileRegistry): Record<string, JsonValue> {
  const [bytes] = metadata.get('grpc-status-details-bin');
  const schema = registry.getMessage('google.rpc.Status');
  if (!(bytes instanceof Buffer) || !schema) return {};
  const { details } = fromBinary(schema, bytes) as Message & { details: { typeUrl: string; value: Uint8Array }[] };
  return Object.fromEntries(
    details.map(({ typeUrl, value }) => {
      const type = typeUrl.slice(typeUrl.lastIndexOf('/') + 1);
      const desc = registry.getMessage(type);
      return [type, desc ? toJson(desc, fromBinary(desc, value)) : null];
    }),
  );
}
