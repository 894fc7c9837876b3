import { create, type DescMethod, toBinary } from "@bufbuild/protobuf";
import type { RequestScope } from "./request-scope.js";

/** A call that a handler made and that failed. */
export interface FailedCall extends Omit<StartedCall, "request"> {
  readonly request: Snapshot;
  /** Place in the order of events of the scope. */
  readonly endedAt: number;
  /** What is known of the failure, as an encoded chain. */
  readonly chain: Uint8Array;
  /** How the call ended, where it was not the peer who ended it. */
  readonly end: CallEnd | undefined;
}

/**
 * A request as it was then, since whoever retries may change and reuse it: a copy of its
 * fields, or encoded where these are objects themselves; undefined where there is none.
 */
type Snapshot = object | undefined;

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
  /** The request; undefined where the client streams, and no call is like another. */
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
  const sent = snapshotOf(method, request);
  failedCalls.push({ method, peerName, request: sent, startedAt, endedAt, chain, end });
}

/** The chains of all calls that have failed in this process, whoever still has them. */
const chainsOfCalls = new WeakSet<Uint8Array>();

/** Remembers that a chain is that of a failed call, made for a request or not. */
export function noteChain(chain: Uint8Array): void {
  chainsOfCalls.add(chain);
}

/** Whether a chain is that of a failed call. */
export function isOfFailedCall(chain: Uint8Array): boolean {
  return chainsOfCalls.has(chain);
}

/** Whether a chain is that of a call of another method, which failed in the request. */
export function isOfOtherMethod(
  { failedCalls = [] }: RequestScope,
  { method }: StartedCall,
  chain: Uint8Array,
): boolean {
  return failedCalls.some((failed) => failed.chain === chain && failed.method !== method);
}

/** A call succeeded: failures of the same call, before it or beside it, do not matter any more. */
export function noteSuccess(scope: RequestScope, { method, peerName, request }: StartedCall): void {
  const { failedCalls } = scope;
  if (failedCalls?.some((failed) => failed.method === method)) {
    const sent = encodeRequest(method, request);
    scope.failedCalls = failedCalls.filter(
      (failed) =>
        failed.method !== method ||
        failed.peerName !== peerName ||
        !isSameRequest(encodeRequest(method, failed.request), sent),
    );
  }
}

/** What failed before now was survived: the handler has gone on with its answer. */
export function forgetFailures(scope: RequestScope): void {
  scope.failedCalls = undefined;
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

function snapshotOf(method: DescMethod, request: unknown): Snapshot {
  if (typeof request !== "object" || request === null) {
    return undefined;
  }
  for (const value of Object.values(request)) {
    if (typeof value === "object") {
      return encodeRequest(method, request);
    }
  }
  return { ...request };
}

function encodeRequest({ input }: DescMethod, request: unknown): Uint8Array | undefined {
  if (request instanceof Uint8Array) {
    return request; // it is already
  }
  try {
    return typeof request === "object" && request !== null
      ? toBinary(input, create(input, request as Record<string, unknown>))
      : undefined;
  } catch {
    return undefined; // it could not even be sent
  }
}

function isSameRequest(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return (
    a !== undefined &&
    b !== undefined &&
    a.length === b.length &&
    a.every((byte, index) => byte === b[index])
  );
}
