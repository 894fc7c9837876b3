import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import { type ErrorChain, ErrorChainSchema } from "errchain/proto";

// google.rpc.Status, the content of grpc-status-details-bin: code = 1, message = 2,
// repeated google.protobuf.Any details = 3.

const typeUrl = `type.googleapis.com/${ErrorChainSchema.typeName}`;

export function encodeStatus(code: number, message: string, chain: ErrorChain): Uint8Array {
  const detail = {
    $typeName: AnySchema.typeName,
    typeUrl,
    value: toBinary(ErrorChainSchema, chain),
  };
  return new BinaryWriter()
    .tag(1, WireType.Varint)
    .int32(code)
    .tag(2, WireType.LengthDelimited)
    .string(message)
    .tag(3, WireType.LengthDelimited)
    .bytes(toBinary(AnySchema, detail))
    .finish();
}

/** The chain among the details of a status. */
export function chainOfStatus(status: Uint8Array): ErrorChain | undefined {
  const reader = new BinaryReader(status);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field !== 3) {
      reader.skip(wireType, field);
      continue;
    }
    const detail = fromBinary(AnySchema, reader.bytes());
    if (detail.typeUrl === typeUrl) {
      return fromBinary(ErrorChainSchema, detail.value);
    }
  }
  return undefined;
}
