import { createTraceState, type SpanContext } from "@opentelemetry/api";
import { isZero, randomHex } from "./random-hex.js";

/** Where a hop stands in a trace, in the terms of W3C Trace Context. */
export interface TraceContext {
  /** 32 lower-case hex digits, the same for all hops of a request. */
  readonly traceId: string;
  /** 16 lower-case hex digits, of this hop. */
  readonly spanId: string;
  /** The trace flags as two hex digits. */
  readonly flags: string;
  /** The `tracestate` that came with the request; empty if there was none. */
  readonly state: string;
}

export const TRACEPARENT = "traceparent";
export const TRACESTATE = "tracestate";

/**
 * The trace context of a new hop: continues that of the request, or begins a
 * trace. A trace that we begin has the flag "sampled": without it, systems below
 * that follow their parent's decision would record nothing.
 */
export function continueTrace(traceparent: string | null, tracestate: string | null): TraceContext {
  const parent = parseTraceparent(traceparent);
  return {
    traceId: parent?.traceId ?? randomHex(16),
    spanId: randomHex(8),
    flags: parent?.flags ?? SAMPLED,
    state: (parent && tracestate) ?? "",
  };
}

/** The trace context of a span. */
export function fromSpanContext(span: SpanContext): TraceContext {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    flags: span.traceFlags.toString(16).padStart(2, "0"),
    state: span.traceState?.serialize() ?? "",
  };
}

/** A trace context in the form of OpenTelemetry's API, for a span that nobody here records. */
export function toSpanContext({ traceId, spanId, flags, state }: TraceContext): SpanContext {
  return {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16),
    isRemote: true,
    ...(state === "" ? {} : { traceState: createTraceState(state) }),
  };
}

const SAMPLED = "01";

const FORM = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?$/;

/** Sets the headers that make the callee continue this trace. */
export function sendTrace(trace: TraceContext, requestHeader: Headers): void {
  requestHeader.set(TRACEPARENT, `00-${trace.traceId}-${trace.spanId}-${trace.flags}`);
  if (trace.state !== "") {
    requestHeader.set(TRACESTATE, trace.state);
  }
}

/**
 * Reads a `traceparent` header; the span ID is the sender's. Undefined if it is
 * missing or invalid, and then a new trace begins.
 * See https://www.w3.org/TR/trace-context/#versioning-of-traceparent
 */
export function parseTraceparent(
  header: string | null,
): Pick<TraceContext, "traceId" | "spanId" | "flags"> | undefined {
  if (header === null || !FORM.test(header)) {
    return undefined;
  }
  // All fields have a fixed length; versions after 00 may have more of them.
  const traceId = header.slice(3, 35);
  const spanId = header.slice(36, 52);
  const flags = header.slice(53, 55);
  const isKnown = header.length === 55 || !header.startsWith("00");
  return !isKnown || header.startsWith("ff") || isZero(traceId) || isZero(spanId)
    ? undefined
    : { traceId, spanId, flags };
}
