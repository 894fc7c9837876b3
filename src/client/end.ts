import { Code, ConnectError } from "@connectrpc/connect";
import { BuiltinError } from "../../gen/errchain/v1/builtin_errors_pb.js";
import { chainDetail, isChainDetail } from "../chain/error-chain.js";
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
export function observeEnd({ how, reason }: CallEnd, call: PeerCall): Observed {
  const isTimeout = how === "timed out";
  const text = isTimeout ? "the operation timed out" : "the operation was canceled";
  const builtin = isTimeout ? BuiltinError.TIMED_OUT : BuiltinError.CANCELED;
  const chain = observedChain(call, { code: builtin, failure: reason }, text);
  if (call.inInterceptor && isConnectError(reason) && reason.code === Code.DeadlineExceeded) {
    carryChain(reason, chain);
  }
  const own = isConnectError(reason) ? reason.code : Code.Canceled;
  const code = isTimeout ? Code.DeadlineExceeded : own;
  const error = new ConnectError(text, code, undefined, undefined, reason);
  error.details.push(chainDetail(chain));
  return { error, chain };
}

/** Reasons that have ended a call before. */
const shared = new WeakSet<ConnectError>();

/** Makes the error of a deadline carry the chain, unless it has ended several calls. */
function carryChain(reason: ConnectError, chain: Uint8Array): void {
  const others = reason.details.filter((detail) => !isChainDetail(detail));
  reason.details = shared.has(reason) ? others : [...others, chainDetail(chain)];
  shared.add(reason);
}
