import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { Cause } from "../../gen/errchain/v1/error_chain_pb.js";
import { type ErrorDetail, typeNameOf } from "../chain/error-chain.js";

const ERROR_INFO = "google.rpc.ErrorInfo";
const RETRY_INFO = "google.rpc.RetryInfo";

/**
 * The nearest cause in the terms of google.rpc, for clients that know nothing of
 * error chains: ErrorInfo with the code's name, the system as domain and the safe
 * args as metadata, and RetryInfo with the delay. A type that the application has
 * attached itself is left to it; args that would take more than `maxBytes` are
 * left out.
 *
 * The messages are small and frozen, so they are written by hand. See
 * google/rpc/error_details.proto and AIP-193.
 */
export function googleDetails(
  cause: Cause,
  attached: readonly ErrorDetail[],
  maxBytes: number,
): EncodedDetail[] {
  const full = errorInfo(cause, cause.args);
  const info = full.length <= maxBytes ? full : errorInfo(cause, {});
  const details: EncodedDetail[] = [{ type: ERROR_INFO, value: info }];
  const delay = cause.retry?.delay;
  if (delay !== undefined) {
    const value = new BinaryWriter().tag(1, WireType.LengthDelimited).fork();
    value.tag(1, WireType.Varint).int64(delay.seconds);
    value.tag(2, WireType.Varint).int32(delay.nanos);
    details.push({ type: RETRY_INFO, value: value.join().finish() });
  }
  const types = attached.map(typeNameOf);
  return details.filter((detail) => !types.includes(typeNameOf(detail)));
}

interface EncodedDetail {
  readonly type: string;
  readonly value: Uint8Array;
}

function errorInfo({ reason, code, system }: Cause, args: Cause["args"]): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.LengthDelimited).string(reason === "" ? code : reason);
  writer.tag(2, WireType.LengthDelimited).string(system);
  for (const [name, value] of Object.entries(args)) {
    writer.tag(3, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.LengthDelimited).string(name);
    writer.tag(2, WireType.LengthDelimited).string(value);
    writer.join();
  }
  return writer.finish();
}
