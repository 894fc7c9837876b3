import { context, propagation, type TextMapSetter } from "@opentelemetry/api";
import { type RequestScope, traceOf } from "../scope/request-scope.js";
import { sendTrace, TRACEPARENT } from "../scope/trace-context.js";

/** Makes the callee continue the trace, unless somebody has seen to it already. */
export function propagateTrace(scope: RequestScope, header: Headers): void {
  if (!header.has(TRACEPARENT)) {
    try {
      propagation.inject(context.active(), header, headerSetter);
    } catch {
      // A propagator that fails must not fail the call.
    }
  }
  if (!header.has(TRACEPARENT)) {
    sendTrace(traceOf(scope), header);
  }
}

const headerSetter: TextMapSetter<Headers> = {
  set(header, key, value) {
    header.set(key, value);
  },
};
