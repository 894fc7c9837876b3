import {
  context,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  trace,
} from "@opentelemetry/api";

/**
 * The OpenTelemetry span that the running code belongs to. Undefined if there is
 * none, if it belongs to another process (somebody has read the headers and begun
 * no span), or if it is over: a server that was started within a span handles all
 * its requests in the context of that one.
 */
export function activeSpan(): Span | undefined {
  const active = context.active(); // mostly nobody has set one
  const span = active === ROOT_CONTEXT ? undefined : trace.getSpan(active);
  if (span === undefined) {
    return undefined;
  }
  const spanContext = span.spanContext();
  const isOurs = isSpanContextValid(spanContext) && spanContext.isRemote !== true;
  return isOurs && readable(span).ended !== true ? span : undefined;
}

/**
 * Whether a span stands for a request that a server handles, such as that of an HTTP
 * instrumentation. Of others (a middleware's, that of a caller in the same process)
 * we do not say how they ended.
 */
export function isServerSpan(span: Span): boolean {
  return readable(span).kind === SpanKind.SERVER;
}

/** What the spans of OpenTelemetry's SDK tell, but the API does not. */
function readable(span: Span): { readonly ended?: unknown; readonly kind?: unknown } {
  return span as { readonly ended?: unknown; readonly kind?: unknown };
}
