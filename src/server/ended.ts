import { Code, type StreamRequest, type UnaryRequest } from "@connectrpc/connect";
import type { Span } from "@opentelemetry/api";
import type { Component } from "../catalog/component.js";
import { errorsBehind, hasOwnChain } from "../chain/error-chain.js";
import { isAbortError, isConnectError, systemErrorCode } from "../chain/thrown.js";
import { isNoTimeLeft } from "../scope/deadline.js";
import type { RequestScope } from "../scope/request-scope.js";

/** The request whose handler failed. */
export interface FailedRequest {
  /** Whose handler it was. */
  readonly component: Component;
  readonly req: UnaryRequest | StreamRequest;
  readonly scope: RequestScope;
  /** The span that stands for the request, if anybody records one. */
  readonly span: Span | undefined;
}

/** Whether a value is, or follows from, what is thrown because a request has ended. */
export function followsFromEnd(reason: unknown, { req }: FailedRequest): boolean {
  return errorsBehind(reason).some(
    (error) =>
      error === req.signal.reason ||
      isAbortError(error) ||
      CONNECTION_LOST.has(systemErrorCode(error) ?? "") ||
      isBareCancel(error) ||
      isMissingMessage(error) ||
      isNoTimeLeft(error),
  );
}

/** Whether a value is what connect-es makes of an aborted signal. */
export function isBareCancel(error: unknown): boolean {
  return (
    isConnectError(error) &&
    error.code === Code.Canceled &&
    !error.isWireError &&
    !hasOwnChain(error)
  );
}

/**
 * Whether a value is what connect-es throws where a request ends before its only message.
 * Over HTTP/2, that of a caller who is gone looks so.
 */
export function isMissingMessage(error: unknown): boolean {
  return (
    isConnectError(error) &&
    error.code === Code.Unimplemented &&
    error.rawMessage.startsWith("protocol error: missing input message")
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
