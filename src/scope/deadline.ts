import { Code, ConnectError } from "@connectrpc/connect";
import { isConnectError, systemErrorCode } from "../chain/thrown.js";
import type { RequestScope } from "./request-scope.js";

const UNITS_MS: Record<string, number> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/**
 * How long the caller of a request waits for the answer, in milliseconds, by the
 * header of its protocol: `grpc-timeout` (gRPC and gRPC-Web) or
 * `connect-timeout-ms`. Undefined if it does not say, or not in a valid form.
 */
export function timeoutMsOf(requestHeader: Headers): number | undefined {
  if (requestHeader.get("content-type")?.startsWith("application/grpc")) {
    const grpc = /^(\d{1,8})([HMSmun])$/.exec(requestHeader.get("grpc-timeout") ?? "");
    return grpc === null ? undefined : Number(grpc[1]) * (UNITS_MS[grpc[2] ?? ""] ?? 0);
  }
  const connect = /^\d{1,10}$/.exec(requestHeader.get("connect-timeout-ms") ?? "");
  return connect === null ? undefined : Number(connect[0]);
}

/**
 * How much is left of the time that the caller of a request gives, in
 * milliseconds; negative where it is over. Undefined if there is no deadline, or
 * the request has been answered.
 */
export function remainingMs({ request, startedAtMs }: RequestScope): number | undefined {
  const timeoutMs = request && timeoutMsOf(request.header);
  return timeoutMs === undefined ? undefined : startedAtMs + timeoutMs - performance.now();
}

/** How a request ended before it was answered: by its deadline, or by its caller. */
export function endOf(scope: RequestScope): "timed out" | "canceled" | undefined {
  const { request } = scope;
  const leftMs = remainingMs(scope);
  if (
    request === undefined ||
    (!request.signal.aborted && !(leftMs !== undefined && leftMs <= 0))
  ) {
    return undefined;
  }
  const { reason } = request.signal;
  if (isConnectError(reason)) {
    if (reason.code === Code.DeadlineExceeded) {
      return "timed out";
    }
    if (!isCallerGone(reason)) {
      return undefined;
    }
  }
  // Mostly the timer of the caller is a little faster, and then all that can be
  // seen here is that he goes away at the time when he said he would.
  const timeoutMs = timeoutMsOf(request.header);
  return leftMs !== undefined &&
    timeoutMs !== undefined &&
    leftMs <= Math.min(timeoutMs / 10, 250) + TOLERANCE_MS
    ? "timed out"
    : "canceled";
}

/**
 * Whether connect-es has made the reason of a signal, because the caller went away. The
 * server can also end a request by itself (`shutdownSignal`), and says why.
 */
function isCallerGone(reason: ConnectError): boolean {
  return (
    reason.code === Code.Canceled ||
    reason.rawMessage.startsWith("http/2 stream closed") ||
    systemErrorCode(reason) !== undefined
  );
}

/** The caller's clock began with the connection, ours with the request: this much and a tenth, of at most 250 ms, is let pass. */
const TOLERANCE_MS = 10;

/** The error of a call that was not made, because the deadline of its request had passed. */
export function noTimeLeft(): ConnectError {
  const error = new ConnectError("no time is left for the call", Code.DeadlineExceeded);
  notMade.add(error);
  return error;
}

/** Whether a value is the error of a call that was not made for want of time. */
export function isNoTimeLeft(value: unknown): boolean {
  return typeof value === "object" && value !== null && notMade.has(value);
}

const notMade = new WeakSet<object>();
