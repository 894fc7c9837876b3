import type { Span, SpanContext } from "@opentelemetry/api";
import { combineRetryFacts, type RetryFacts } from "../chain/retry-facts.js";
import { activeSpan } from "./active-span.js";
import type { FailedCall } from "./failed-calls.js";
import {
  continueTrace,
  fromSpanContext,
  parseTraceparent,
  readTracestate,
  TRACEPARENT,
  type TraceContext,
  toSpanContext,
} from "./trace-context.js";

/**
 * What a request carries while it is handled. Whatever begins in the request and
 * outlives it (a connection that is opened for a call) keeps the scope alive, so
 * it holds no more of the request than it needs, and less after its end.
 */
export interface RequestScope {
  /** The request, until it has been answered. */
  request: HandledRequest | undefined;
  /** The OpenTelemetry span that the request is handled in, until it has been answered. */
  span: Span | undefined;
  /** When the request came, as performance.now() has it: nobody sets that clock. */
  readonly startedAtMs: number;
  /** Where the hop stands in its trace, see traceOf(); and what that follows from. */
  trace: TraceContext | undefined;
  readonly parentSpan: SpanContext | undefined;
  readonly traceparent: string | null;
  readonly tracestate: string | null;
  /** Counts what happens to the calls of the request, so that it has an order. */
  clock: number;
  /** The calls that have failed, oldest first, see failed-calls.ts. */
  failedCalls: FailedCall[] | undefined;
  /** Of the calls that a retry interceptor has given up, see noteGivenUp(). */
  givenUp: GivenUpCalls | undefined;
  /** Aborted when the request ends before it is answered, see cancellationOf(). */
  cancellation: Cancellation | undefined;
}

interface Cancellation {
  readonly signal: AbortSignal;
  /** From now on nothing is aborted. */
  readonly end: () => void;
}

/** What is known of repeating calls that have failed for good. */
export interface GivenUpCalls {
  /** The most attempts that this hop has made for one of them. */
  readonly attempts: number;
  /** What the peers said, all together. */
  readonly facts: RetryFacts;
}

/** What is read of a request while it is handled. */
interface HandledRequest {
  readonly header: Headers;
  /** Aborted when the caller goes away or the deadline passes, and also after the answer. */
  readonly signal: AbortSignal;
}

/**
 * The scope of a request that a server begins to handle.
 *
 * @param trustRemote whether the trace that the caller speaks of is continued
 * @param span the span of the request, where it is not the active one
 */
export function beginScope(
  request: HandledRequest,
  trustRemote = true,
  span: Span | undefined = activeSpan(),
): RequestScope {
  const { header } = request;
  const traceparent = trustRemote ? header.get(TRACEPARENT) : null;
  return {
    request,
    span,
    startedAtMs: performance.now(),
    trace: undefined,
    parentSpan: span?.spanContext(),
    traceparent,
    tracestate: traceparent === null ? null : readTracestate(header),
    clock: 0,
    failedCalls: undefined,
    givenUp: undefined,
    cancellation: undefined,
  };
}

/** The request has been answered: of its calls nothing is kept, and later ones are on their own. */
export function endScope(scope: RequestScope): void {
  scope.request = undefined;
  scope.span = undefined;
  scope.failedCalls = undefined;
  scope.cancellation?.end();
  scope.cancellation = undefined;
}

/**
 * The trace context of this hop: that of the OpenTelemetry span that was active
 * when the request came, or our own. Most requests neither fail nor call anybody,
 * and then nobody asks.
 */
export function traceOf(scope: RequestScope): TraceContext {
  scope.trace ??=
    scope.parentSpan === undefined
      ? continueTrace(scope.traceparent, scope.tracestate)
      : fromSpanContext(scope.parentSpan);
  return scope.trace;
}

/**
 * The nearest span of a request that somebody records, as far as can be known: the
 * parent for the spans of the calls that it makes. Where the hop itself has no span,
 * it is the caller's, so that no span has a parent that is never seen.
 */
export function recordedSpanOf(scope: RequestScope): SpanContext {
  if (scope.parentSpan !== undefined) {
    return scope.parentSpan;
  }
  const caller = parseTraceparent(scope.traceparent);
  return toSpanContext(caller ? { ...caller, state: scope.tracestate ?? "" } : traceOf(scope));
}

/**
 * A signal that is aborted when the request ends before it is answered, for the
 * calls that are made for it. The request's own signal is aborted after the answer
 * too, and a call that is meant to outlive the request must not end then.
 */
export function cancellationOf(scope: RequestScope): AbortSignal | undefined {
  const { request } = scope;
  if (request === undefined) {
    return undefined;
  }
  scope.cancellation ??= beginCancellation(request.signal);
  return scope.cancellation.signal;
}

function beginCancellation(request: AbortSignal): Cancellation {
  const controller = new AbortController();
  const abort = () => controller.abort(request.reason);
  if (request.aborted) {
    abort();
  } else {
    request.addEventListener("abort", abort);
  }
  const { signal } = controller;
  return { signal, end: () => request.removeEventListener("abort", abort) };
}

/**
 * Remembers a call that a retry interceptor has given up, for an answer that names no
 * cause: it must not be retried above all the same.
 */
export function noteGivenUp(scope: RequestScope, { attempts, facts }: GivenUpCalls): void {
  const known = scope.givenUp ?? { attempts: 0, facts };
  scope.givenUp = {
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
