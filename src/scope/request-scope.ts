import { isSpanContextValid, trace } from "@opentelemetry/api";
import { continueTrace, type TraceContext } from "./trace-context.js";

/** What a request carries while a server handles it. */
export interface RequestScope {
  /** The trace context of this hop: that of the active OpenTelemetry span, or our own. */
  readonly trace: TraceContext;
}

/** The scope of a request that a server begins to handle. */
export function beginScope(requestHeader: Headers): RequestScope {
  const span = trace.getActiveSpan()?.spanContext();
  let context: TraceContext | undefined;
  return {
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
          : continueTrace(requestHeader);
      return context;
    },
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
