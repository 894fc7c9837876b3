import { type Context, context, propagation, trace } from "@opentelemetry/api";
import { safely } from "../report/safely.js";
import { activeSpan } from "../scope/active-span.js";
import { headerCarrier } from "../scope/header-carrier.js";
import { type RequestScope, traceOf } from "../scope/request-scope.js";
import { fromSpanContext, sendTrace, TRACEPARENT } from "../scope/trace-context.js";
import { inBrowser } from "./in-browser.js";

/**
 * Makes the callee continue the trace, unless somebody has seen to it already. An HTTP
 * instrumentation below writes the header anew, with its own span.
 *
 * @param scope the request that the call is made for
 * @param own the context with our own span of the call, which is nearer than anybody else's
 */
export function propagateTrace(
  header: Headers,
  scope: RequestScope | undefined,
  own: Context | undefined,
): void {
  // get(), since undici's has() takes longer where there is none.
  if (own === undefined && header.get(TRACEPARENT) !== null) {
    return;
  }
  const hasSpan = scope === undefined ? !inBrowser : activeSpan() !== undefined;
  const from = own ?? (hasSpan ? context.active() : undefined);
  if (from !== undefined && inject(from, header)) {
    return;
  }
  // No propagator is set up, or none that writes this header.
  const span = own && trace.getSpanContext(own);
  const known = span ? fromSpanContext(span) : scope && traceOf(scope);
  if (known !== undefined) {
    sendTrace(known, header);
  }
}

/** Whether a propagator has sent the trace on. One that fails must not fail the call. */
function inject(from: Context, header: Headers): boolean {
  safely(() => propagation.inject(from, header, headerCarrier));
  return header.has(TRACEPARENT);
}
