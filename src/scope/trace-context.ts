import { createTraceState, type SpanContext } from "@opentelemetry/api";
import { isZeroAt, randomHex } from "./random-hex.js";

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
const TRACESTATE = "tracestate";

/**
 * The `tracestate` of a request, which is sent on with its calls. One that is longer than
 * what a hop should pass on is left out, as OpenTelemetry does: it may fill all the room
 * that a callee has for headers, and then each call fails, whoever sent it.
 * See https://www.w3.org/TR/trace-context/#tracestate-limits
 */
export function readTracestate(header: Headers): string | null {
  const state = header.get(TRACESTATE);
  return state !== null && state.length <= MAX_STATE_LENGTH ? state : null;
}

const MAX_STATE_LENGTH = 512;

/**
 * The trace context of a new hop: continues that of the request, or begins a
 * trace. A trace that we begin has the flag "sampled": without it, systems below
 * that follow their parent's decision would record nothing.
 */
export function continueTrace(traceparent: string | null, tracestate: string | null): TraceContext {
  const spanId = randomHex(8);
  return traceparent !== null && isTraceparent(traceparent)
    ? {
        traceId: traceIdIn(traceparent),
        spanId,
        flags: flagsIn(traceparent),
        state: tracestate ?? "",
      }
    : { traceId: randomHex(16), spanId, flags: SAMPLED, state: "" };
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
  return header !== null && isTraceparent(header)
    ? { traceId: traceIdIn(header), spanId: header.slice(36, 52), flags: flagsIn(header) }
    : undefined;
}

const traceIdIn = (traceparent: string) => traceparent.slice(3, 35);
const flagsIn = (traceparent: string) => traceparent.slice(53, LENGTH);

/** Version, trace ID, span ID, flags. */
const LENGTH = 2 + 1 + 32 + 1 + 16 + 1 + 2;

/** Whether a header has the form. It is looked at for every call, faster than by a regular expression. */
function isTraceparent(header: string): boolean {
  for (let index = 0; index < LENGTH; index++) {
    const code = header.charCodeAt(index);
    const isSeparator = index === 2 || index === 35 || index === 52;
    if (isSeparator ? code !== DASH : !isHexDigit(code)) {
      return false;
    }
  }
  // Versions after 00 may have more fields; ff is none.
  const isLonger = header.length > LENGTH;
  const isKnown = !isLonger || (!header.startsWith("00") && header.charCodeAt(LENGTH) === DASH);
  return (
    isKnown && !header.startsWith("ff") && !isZeroAt(header, 3, 35) && !isZeroAt(header, 36, 52)
  );
}

const DASH = 0x2d;

/** Whether a character code is that of a hex digit in lower case. */
function isHexDigit(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66);
}
