import { Code, type StreamRequest, type UnaryRequest } from "@connectrpc/connect";
import { BuiltinError } from "../../gen/errchain/v1/builtin_errors_pb.js";
import type { BuiltinCode } from "../catalog/builtin.js";
import type { Component } from "../catalog/component.js";
import { errorsBehind, ownChainBytes } from "../chain/error-chain.js";
import { isAbortError, isConnectError, systemErrorCode, textOf } from "../chain/thrown.js";
import { timeoutMsOf } from "../scope/deadline.js";
import type { AbortedCall, RequestScope } from "../scope/request-scope.js";

/** The request whose handler failed. */
export interface FailedRequest {
  /** Whose handler it was. */
  readonly component: Component;
  readonly req: UnaryRequest | StreamRequest;
  readonly scope: RequestScope;
}

/** How a request ended before its handler did: by its deadline, or by its caller. */
export function endOf({ req, scope }: FailedRequest): BuiltinCode | undefined {
  const { signal, header } = req;
  if (!signal.aborted) {
    return undefined;
  }
  const { reason } = signal;
  const timedOutHere = isConnectError(reason) && reason.code === Code.DeadlineExceeded;
  // Mostly the timer of the caller is a little faster, and then all that can be
  // seen here is that he goes away at the time when he said he would.
  const elapsedMs = Date.now() - scope.startedAtMs;
  const timeoutMs = timeoutMsOf(header) ?? Number.POSITIVE_INFINITY;
  return timedOutHere || elapsedMs >= timeoutMs - timeoutMs / 10 - CLOCK_TOLERANCE_MS
    ? BuiltinError.TIMED_OUT
    : BuiltinError.CANCELED;
}

/** His clock began with the connection, ours with the request: this much and a tenth is let pass. */
const CLOCK_TOLERANCE_MS = 10;

/** Whether a value is, or follows from, what is thrown because a request has ended. */
export function followsFromEnd(reason: unknown, { req }: FailedRequest): boolean {
  return errorsBehind(reason).some(
    (error) =>
      error === req.signal.reason ||
      isAbortError(error) ||
      CONNECTION_LOST.has(systemErrorCode(error) ?? "") ||
      isBareCancel(error),
  );
}

/** Whether a value is what connect-es makes of an aborted signal. */
export function isBareCancel(error: unknown): boolean {
  return (
    isConnectError(error) &&
    error.code === Code.Canceled &&
    !error.isWireError &&
    ownChainBytes(error) === undefined
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

/** The aborted calls of a request that a thrown value is, or follows from. */
export function abortedCallsBehind(
  reason: unknown,
  { abortedCalls = [] }: RequestScope,
): AbortedCall[] {
  if (abortedCalls.length === 0) {
    return [];
  }
  const errors = errorsBehind(reason).filter((error) => ownChainBytes(error) === undefined);
  return abortedCalls.filter((call) => errors.some((error) => comesFrom(error, call.reason)));
}

function comesFrom(error: object, signalReason: unknown): boolean {
  if (error === signalReason) {
    return true;
  }
  // connect-es makes a new error with the text of the signal's reason.
  const text = signalReason instanceof Error ? signalReason.message : textOf(signalReason);
  return isConnectError(error) && isBareCancel(error) && error.rawMessage === text;
}
