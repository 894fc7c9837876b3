import { Code } from "@connectrpc/connect";
import { BuiltinError } from "../../gen/errchain/v1/builtin_errors_pb.js";
import type { Component } from "../catalog/component.js";
import { ownChainBytes } from "../chain/error-chain.js";
import { isAbortError, isConnectError, systemErrorCode, textOf } from "../chain/thrown.js";
import { timeoutMsOf } from "../scope/deadline.js";
import type { AbortedCall, RequestScope } from "../scope/request-scope.js";

/** The request whose handler failed. */
export interface FailedRequest {
  /** Whose handler it was. */
  readonly component: Component;
  readonly signal: AbortSignal;
  readonly header: Headers;
  readonly scope: RequestScope;
}

/** How a request ended before its handler did: by its deadline, or by its caller. */
export function endOf({ signal, header, scope }: FailedRequest): BuiltinError | undefined {
  if (!signal.aborted) {
    return undefined;
  }
  const { reason } = signal;
  const timedOutHere = isConnectError(reason) && reason.code === Code.DeadlineExceeded;
  // Mostly the timer of the caller is a little faster, and then all that can be
  // seen here is that he goes away at the time when he said he would.
  const elapsedMs = Date.now() - scope.startedAtMs;
  const timeoutMs = timeoutMsOf(header) ?? Number.POSITIVE_INFINITY;
  return timedOutHere || elapsedMs >= timeoutMs - CLOCK_TOLERANCE_MS
    ? BuiltinError.TIMED_OUT
    : BuiltinError.CANCELED;
}

const CLOCK_TOLERANCE_MS = 10;

/** Whether a value is what is thrown because a request has ended. */
export function followsFromEnd(reason: unknown): boolean {
  return (
    isAbortError(reason) ||
    CONNECTION_LOST.has(systemErrorCode(reason) ?? "") ||
    // What connect-es makes of an AbortError.
    (isConnectError(reason) &&
      reason.code === Code.Canceled &&
      !reason.isWireError &&
      ownChainBytes(reason) === undefined)
  );
}

/** What Node.js throws where a handler reads from or writes to a caller who is gone. */
const CONNECTION_LOST: ReadonlySet<string> = new Set([
  "ECONNRESET",
  "EPIPE",
  "ERR_HTTP2_INVALID_STREAM",
  "ERR_HTTP2_STREAM_ERROR",
  "ERR_STREAM_DESTROYED",
  "ERR_STREAM_PREMATURE_CLOSE",
  "ERR_STREAM_WRITE_AFTER_END",
]);

/** The aborted calls of the request that a thrown value came from. */
export function abortedCallsBehind(
  reason: unknown,
  { abortedCalls = [] }: RequestScope,
): AbortedCall[] {
  return abortedCalls.filter(
    (call) =>
      call.reason === reason ||
      // connect-es makes a new error with the text of the signal's reason.
      (isConnectError(reason) &&
        reason.code === Code.Canceled &&
        !reason.isWireError &&
        reason.rawMessage ===
          (call.reason instanceof Error ? call.reason.message : textOf(call.reason))),
  );
}
