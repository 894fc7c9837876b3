import { Code, ConnectError } from "@connectrpc/connect";
import { BuiltinError } from "../../gen/errchain/v1/builtin_errors_pb.js";
import { chainDetail, otherDetailsOf } from "../chain/error-chain.js";
import { isConnectError, isTimeoutError } from "../chain/thrown.js";
import { endOf } from "../scope/deadline.js";
import type { CallEnd } from "../scope/failed-calls.js";
import type { PeerCall } from "./call.js";
import type { Observed } from "./observe.js";
import { observedChain } from "./observed-chain.js";

/** How a call ended, if it was not the peer who ended it. */
export function endOfCall(
  { scope }: PeerCall,
  thrown: unknown,
  signal: AbortSignal | undefined,
): CallEnd | undefined {
  if (!signal?.aborted || (isConnectError(thrown) && thrown.isWireError)) {
    return undefined;
  }
  const { reason } = signal;
  const isDeadline = isConnectError(reason) && reason.code === Code.DeadlineExceeded;
  if (isDeadline || isTimeoutError(reason)) {
    return { how: "timed out", by: "deadline", reason };
  }
  const isCaller = scope?.request?.signal.aborted === true;
  return isCaller
    ? { how: endOf(scope) ?? "canceled", by: "caller", reason }
    : { how: "canceled", by: "handler", reason };
}

/**
 * What a caller sees of a call that ended before the peer answered. connect-es
 * throws the signal's reason, whatever an interceptor makes of it; only a
 * transport can throw this. But the error of a deadline can carry the chain, unless
 * several calls were given one signal.
 */
export function observeEnd(end: CallEnd, call: PeerCall): Observed {
  const { reason } = end;
  const chain = chainOfEnd(end, call);
  if (call.inInterceptor && isConnectError(reason) && reason.code === Code.DeadlineExceeded) {
    carryChain(reason, chain);
  }
  const error = new ConnectError(textOfEnd(end), statusOfEnd(end), undefined, undefined, reason);
  error.details.push(chainDetail(chain));
  return { error, chain };
}

/** Reasons that have ended a call before. */
const shared = new WeakSet<ConnectError>();

/** Makes the error of a deadline carry the chain, unless it has ended several calls. */
function carryChain(reason: ConnectError, chain: Uint8Array): void {
  const others = [...otherDetailsOf(reason)];
  reason.details = shared.has(reason) ? others : [...others, chainDetail(chain)];
  shared.add(reason);
}

/** What a caller can tell of a call that ended before the peer answered. */
export function chainOfEnd(end: CallEnd, call: PeerCall): Uint8Array {
  const code = end.how === "timed out" ? BuiltinError.TIMED_OUT : BuiltinError.CANCELED;
  return observedChain(call, { code, failure: end.reason }, textOfEnd(end));
}

export function statusOfEnd({ how, reason }: CallEnd): Code {
  if (how === "timed out") {
    return Code.DeadlineExceeded;
  }
  return isConnectError(reason) ? reason.code : Code.Canceled;
}

function textOfEnd({ how }: CallEnd): string {
  return how === "timed out" ? "the operation timed out" : "the operation was canceled";
}
