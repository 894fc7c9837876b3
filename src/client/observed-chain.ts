import { create } from "@bufbuild/protobuf";
import { Provenance, RetrySchema, type Status } from "../../gen/errchain/v1/error_chain_pb.js";
import { type BuiltinCode, builtinCause } from "../catalog/builtin.js";
import type { SaidCause } from "../catalog/google-rpc.js";
import { retryHistory } from "../chain/attempts.js";
import { composeChain } from "../chain/compose.js";
import { chainBudget, DEFAULT_MAX_BYTES } from "../chain/limits.js";
import { truncateUtf8 } from "../chain/utf8.js";
import { calledComponent, calledProcedure, type PeerCall, traceOfCall } from "./call.js";

/** What a caller saw of a failed call. */
export interface ObservedCause {
  readonly code: BuiltinCode;
  /** What was thrown. */
  readonly failure: unknown;
  /** Default: that of the code. */
  readonly status?: Status;
  /** What the peer itself said about it. Default: nothing. */
  readonly said?: SaidCause;
  /** For engineers: what this side knows. Default: nothing. */
  readonly privateArgs?: Readonly<Record<string, string>>;
}

/**
 * The chain that names the peer of a failed call, in front of what came from
 * below, if anything did.
 *
 * @param errorMessage the message of the error that the chain will travel with
 */
export function observedChain(
  call: PeerCall,
  { code, failure, status, said = {}, privateArgs }: ObservedCause,
  errorMessage: string,
  below: readonly Uint8Array[] = [],
): Uint8Array {
  const { delay, ...fields } = said;
  const cause = builtinCause(code, {
    component: calledComponent(call),
    provenance: Provenance.OBSERVED,
    ...(status && { status }),
    ...(fields.message && { message: fields.message }),
  });
  const message = truncateUtf8(cause.message, DEFAULT_MAX_BYTES);
  Object.assign(cause, fields, { message, procedure: calledProcedure(call) });
  cause.privateArgs = {
    ...said.privateArgs,
    ...privateArgs,
    duration_ms: String(Math.round(performance.now() - call.startedAtMs)),
  };
  // A retry interceptor around us tells of its attempts when it gives up, one inside of
  // our transport has told with the error.
  const attempts = retryHistory(failure)?.attempts ?? 1;
  cause.retry = create(RetrySchema, { attempts, ...(delay && { delay }) });
  const traceId = traceOfCall(call)?.traceId ?? "";
  return composeChain(cause, below, traceId, chainBudget(DEFAULT_MAX_BYTES, errorMessage));
}
