import { create, type DescMessage, type DescMethod, equals } from "@bufbuild/protobuf";
import type { RequestScope } from "./request-scope.js";

/** A call that a handler made and that failed. */
export interface FailedCall extends StartedCall {
  /** Place in the order of events of the scope. */
  readonly endedAt: number;
  /** What is known of the failure, as an encoded chain. */
  readonly chain: Uint8Array;
  /** How the call ended, where it was not the peer who ended it. */
  readonly end: CallEnd | undefined;
}

/** How a call ended that was given up before the peer answered. */
export interface CallEnd {
  readonly how: "timed out" | "canceled";
  /** Whose doing it was: a deadline's, that of the request's caller, or the handler's own. */
  readonly by: "deadline" | "caller" | "handler";
  /** The reason of the signal. connect-es makes the error of it, which has no chain then. */
  readonly reason: unknown;
}

/** A call that a handler makes. */
export interface StartedCall {
  /** Who is called, where that was configured; else the method says it. */
  readonly peerName: string;
  readonly method: DescMethod;
  /** The request, or the first one of a stream; undefined before there is one. */
  readonly request: unknown;
  /** Place in the order of events of the scope. */
  readonly startedAt: number;
}

/** So many failed calls of a request are remembered, the latest ones. */
const MAX_FAILED_CALLS = 32;

/** Remembers a call that failed while the request was being handled. */
export function noteFailure(
  scope: RequestScope,
  { method, peerName, request, startedAt }: StartedCall,
  chain: Uint8Array,
  end: CallEnd | undefined,
): void {
  if (scope.request === undefined) {
    return; // it has been answered
  }
  scope.failedCalls ??= [];
  const { failedCalls } = scope;
  // An interceptor inside a transport has told of the same failure before.
  const known = failedCalls.findIndex((failed) => failed.chain === chain);
  if (known >= 0) {
    failedCalls.splice(known, 1);
  }
  if (failedCalls.length === MAX_FAILED_CALLS) {
    failedCalls.shift();
  }
  const endedAt = scope.clock++;
  failedCalls.push({ method, peerName, request, startedAt, endedAt, chain, end });
}

/** A call succeeded: earlier failures of the same call have been recovered from. */
export function noteSuccess(scope: RequestScope, call: StartedCall): void {
  if (scope.failedCalls !== undefined) {
    scope.failedCalls = scope.failedCalls.filter(
      (failed) => failed.endedAt > call.startedAt || !isSameCall(failed, call),
    );
  }
}

/**
 * The failures that an error of the request most likely followed from, if its
 * author does not say: the last one, and those of calls that ran beside it. What
 * failed before was survived, and what the handler gave up by itself did not fail.
 */
export function lastFailures({ failedCalls = [] }: RequestScope): FailedCall[] {
  const failed = failedCalls.filter(({ end }) => end?.by !== "handler");
  const last = failed.at(-1);
  return last === undefined ? [] : failed.filter(({ endedAt }) => endedAt > last.startedAt);
}

function isSameCall(a: StartedCall, b: StartedCall): boolean {
  return (
    a.method === b.method &&
    a.peerName === b.peerName &&
    (a.request === b.request || isSameRequest(a.method.input, a.request, b.request))
  );
}

function isSameRequest(schema: DescMessage, a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) {
    return false;
  }
  try {
    return equals(schema, create(schema, { ...a }), create(schema, { ...b }));
  } catch {
    return false; // it could not even be written
  }
}
