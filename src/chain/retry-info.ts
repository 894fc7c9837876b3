import { fromBinary } from "@bufbuild/protobuf";
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { type Duration, DurationSchema } from "@bufbuild/protobuf/wkt";
import type { ErrorDetail } from "./error-chain.js";

/** The type name of `google.rpc.RetryInfo`: one field, `google.protobuf.Duration retry_delay = 1`. */
export const RETRY_INFO = "google.rpc.RetryInfo";

/** The message is small and frozen, so it is written by hand. See google/rpc/error_details.proto. */
export function encodeRetryInfo({ seconds, nanos }: Pick<Duration, "seconds" | "nanos">) {
  const writer = new BinaryWriter().tag(1, WireType.LengthDelimited).fork();
  writer.tag(1, WireType.Varint).int64(seconds);
  writer.tag(2, WireType.Varint).int32(nanos);
  return writer.join().finish();
}

/** The delay of a received RetryInfo; undefined where there is none that can be read. */
export function decodeRetryInfo(details: readonly ErrorDetail[]): Duration | undefined {
  for (const detail of details) {
    if ("type" in detail && detail.type === RETRY_INFO) {
      return decodeDelay(detail.value);
    }
  }
  return undefined;
}

function decodeDelay(value: Uint8Array): Duration | undefined {
  try {
    const reader = new BinaryReader(value);
    while (reader.pos < reader.len) {
      const [fieldNo, wireType] = reader.tag();
      if (fieldNo === 1 && wireType === WireType.LengthDelimited) {
        return fromBinary(DurationSchema, reader.bytes());
      }
      reader.skip(wireType, fieldNo);
    }
  } catch {
    // Then it says nothing.
  }
  return undefined;
}
