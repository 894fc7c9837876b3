import { isSpanContextValid, trace } from "@opentelemetry/api";
import { combineRetryFacts, type RetryFacts } from "../chain/retry-facts.js";
import { previousAttemptsOf } from "./previous-attempts.js";
import { continueTrace, TRACEPARENT, TRACESTATE, type TraceContext } from "./trace-context.js";

/**
 * What a request carries while it is handled. Whatever begins in the request and
 * outlives it (a connection that is opened for a call) keeps the scope alive, so
 * it holds no more of the request than it needs.
 */
export interface RequestScope {
  /** The trace context of this hop: that of the active OpenTelemetry span, or our own. */
  readonly trace: TraceContext;
  /** When the request came, as Date.now() has it. */
  readonly startedAtMs: number;
  /** How many attempts came before this one, of whoever calls or is behind the caller. */
  readonly previousAttempts: number;
  /** Of the calls that failed for good because the peer is in trouble, see noteFailedCall(). */
  failedCalls?: FailedCalls;
  /** Calls that failed because their signal was aborted, see noteAbortedCall(). */
  abortedCalls?: AbortedCall[];
}

/** What is known of repeating calls that have failed. */
export interface FailedCalls {
  /** The most attempts that this hop has made for one of them. */
  readonly attempts: number;
  /** What the peers said, all together. */
  readonly facts: RetryFacts;
}

/** A call that connect-es ended because its signal was aborted. */
export interface AbortedCall {
  /** The reason of the signal. */
  readonly reason: unknown;
  /** Who was called. */
  readonly peer: { readonly system: string; readonly module: string };
  readonly procedure: string;
}

/** The scope of a request that a server begins to handle. */
export function beginScope(requestHeader: Headers): RequestScope {
  const span = trace.getActiveSpan()?.spanContext();
  const traceparent = requestHeader.get(TRACEPARENT);
  const tracestate = traceparent === null ? null : requestHeader.get(TRACESTATE);
  let context: TraceContext | undefined;
  return {
    startedAtMs: Date.now(),
    previousAttempts: previousAttemptsOf(requestHeader),
    // Most requests neither fail nor call anybody, and then nobody asks.
    get trace() {
      context ??=
        span !== undefined && isSpanContextValid(span)
          ? {
              traceId: span.traceId,
              spanId: span.spanId,
              flags: span.traceFlags.toString(16).padStart(2, "0"),
              state: span.traceState?.serialize() ?? "",
            }
          : continueTrace(traceparent, tracestate);
      return context;
    },
  };
}

/**
 * Remembers a call that failed because its signal was aborted. connect-es makes
 * the error from the signal's reason then, whatever an interceptor throws, so the
 * name of the peer cannot travel with the error.
 */
export function noteAbortedCall(scope: RequestScope, call: AbortedCall): void {
  scope.abortedCalls ??= [];
  if (scope.abortedCalls.length < MAX_ABORTED_CALLS) {
    scope.abortedCalls.push(call);
  }
}

const MAX_ABORTED_CALLS = 32;

/**
 * Remembers a call that a retry interceptor has given up, for an answer that names no
 * cause: it must not be retried above all the same.
 */
export function noteFailedCall(scope: RequestScope, { attempts, facts }: FailedCalls): void {
  const known = scope.failedCalls ?? { attempts: 0, facts };
  scope.failedCalls = {
    attempts: Math.max(known.attempts, attempts),
    facts: combineRetryFacts([known.facts, facts]),
  };
}

/** Finds the scope of the request that the running code belongs to. */
export interface ScopeStore {
  getStore(): RequestScope | undefined;
}

let store: ScopeStore | undefined;

/**
 * Says where scopes are found. Set by errchain/server, which may use
 * AsyncLocalStorage; clients also run in browsers, where no request is handled.
 */
export function setScopeStore(scopeStore: ScopeStore): void {
  store = scopeStore;
}

/** The scope of the request that the running code belongs to; undefined outside of one. */
export function currentScope(): RequestScope | undefined {
  return store?.getStore();
}
