import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { Cause } from "../../gen/errchain/v1/error_chain_pb.js";
import { type ErrorDetail, typeNameOf } from "../chain/error-chain.js";
import type { EncodedDetail } from "../chain/limits.js";
import { encodeRetryInfo, RETRY_INFO } from "../chain/retry-info.js";

const ERROR_INFO = "google.rpc.ErrorInfo";

/**
 * The nearest cause in the terms of google.rpc, for clients that know nothing of
 * error chains: RetryInfo with the delay, where there is one, and if it is wanted
 * ErrorInfo with the code's name, the system as domain and the safe args as metadata.
 * A type that the application has attached itself is left to it; args that would
 * take more than `maxBytes` are left out.
 *
 * See google/rpc/error_details.proto and AIP-193.
 */
export function googleDetails(
  cause: Cause,
  attached: readonly ErrorDetail[],
  maxBytes: number,
  withErrorInfo: boolean,
): EncodedDetail[] {
  const delay = cause.retry?.delay;
  if (delay === undefined && !withErrorInfo) {
    return [];
  }
  const details: EncodedDetail[] = [];
  if (withErrorInfo) {
    const full = errorInfo(cause, cause.args);
    const value = full.length <= maxBytes ? full : errorInfo(cause, {});
    details.push({ type: ERROR_INFO, value });
  }
  if (delay !== undefined) {
    details.push({ type: RETRY_INFO, value: encodeRetryInfo(delay) });
  }
  const types = attached.map(typeNameOf);
  return details.filter(({ type }) => !types.includes(type));
}

/** The message is small and frozen, so it is written by hand. */
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
