import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { ErrorChainSchema } from "../../gen/errchain/v1/error_chain_pb.js";

/**
 * The bytes of the chain among the details of a google.rpc.Status: code = 1,
 * message = 2, details = 3. Undefined if there is none, or this is no Status.
 */
export function chainOfStatus(bytes: Uint8Array): Uint8Array | undefined {
  try {
    const reader = new BinaryReader(bytes);
    while (reader.pos < reader.len) {
      const [fieldNo, wireType] = reader.tag();
      if (fieldNo === 3 && wireType === WireType.LengthDelimited) {
        const { typeUrl, value } = readAny(available(reader, bytes));
        if (typeUrl.endsWith(`/${ErrorChainSchema.typeName}`)) {
          return value;
        }
      } else {
        reader.skip(wireType, fieldNo);
      }
    }
  } catch {
    // No google.rpc.Status.
  }
  return undefined;
}

/** A google.protobuf.Any: type_url = 1, value = 2. */
function readAny(bytes: Uint8Array): { typeUrl: string; value: Uint8Array } {
  const reader = new BinaryReader(bytes);
  const any = { typeUrl: "", value: new Uint8Array() as Uint8Array };
  while (reader.pos < reader.len) {
    const [fieldNo, wireType] = reader.tag();
    if (fieldNo === 1) {
      any.typeUrl = reader.string();
    } else if (fieldNo === 2) {
      any.value = available(reader, bytes);
    } else {
      reader.skip(wireType, fieldNo);
    }
  }
  return any;
}

/** A field with a length; of one that is cut off, what there is. */
function available(reader: BinaryReader, bytes: Uint8Array): Uint8Array {
  const length = reader.uint32();
  const start = reader.pos;
  reader.pos = Math.min(start + length, reader.len);
  return bytes.subarray(start, reader.pos);
}
