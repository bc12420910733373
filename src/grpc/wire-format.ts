import { ScalarType } from '@bufbuild/protobuf';
import type { DescField, DescMessage, FileRegistry } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** Whether bytes are what a method's request type would be written as. */
export type IsWellFormed = (bytes: Uint8Array) => boolean;

/**
 * Says for every method whether a request is well formed. Decoders pass over a field whose wire type is another than the
 * contract's as if it were unknown, and over everything behind a zero tag: a Logout with a `scope` that is a text would end
 * the session. Fields that the contract does not know are let through, as protobuf promises to newer clients.
 *
 * @param registry has the descriptors of the services
 */
export function createWireFormats(registry: FileRegistry) {
  return (serviceName: string, methodName: string): IsWellFormed => {
    const method = registry.getService(serviceName)?.methods.find(({ name }) => name === methodName);
    if (!method) throw new Error(`${serviceName}/${methodName} is not in the descriptors.`);
    return (bytes) => {
      try {
        return fits(new BinaryReader(bytes), method.input);
      } catch {
        return false;
      }
    };
  };
}

function fits(reader: BinaryReader, message: DescMessage): boolean {
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (wireType === WireType.EndGroup) return false;
    const field = message.fields.find((candidate) => candidate.number === number);
    if (!field) {
      reader.skip(wireType, number);
      continue;
    }
    const expected = wireTypeOf(field);
    const isPacked = wireType === WireType.LengthDelimited && field.fieldKind === 'list' && expected !== wireType;
    if (wireType !== expected && !isPacked) return false;
    const inner = field.fieldKind === 'message' || field.fieldKind === 'list' ? field.message : undefined;
    if (inner) {
      if (!fits(new BinaryReader(reader.bytes()), inner)) return false;
    } else {
      reader.skip(wireType, number);
    }
  }
  return true;
}

function wireTypeOf(field: DescField): WireType {
  const isWhole = field.fieldKind === 'scalar' || (field.fieldKind === 'list' && field.listKind === 'scalar');
  if (field.fieldKind === 'enum' || (field.fieldKind === 'list' && field.listKind === 'enum')) return WireType.Varint;
  if (!isWhole) return WireType.LengthDelimited;
  switch (field.scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return WireType.LengthDelimited;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return WireType.Bit64;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return WireType.Bit32;
    default:
      return WireType.Varint;
  }
}
