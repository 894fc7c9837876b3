import type { Code, StreamRequest, UnaryRequest } from "@connectrpc/connect";
import {
  type Context,
  context,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  trace,
} from "@opentelemetry/api";
import { procedureOf } from "../catalog/component.js";
import { createInstrument } from "../report/instrument.js";
import {
  ATTR_ERROR_TYPE,
  ATTR_RPC_METHOD,
  ATTR_RPC_SYSTEM_NAME,
  countsAsError,
  endAttributes,
  rpcSystemOf,
  SCOPE_NAME,
  statusName,
} from "../report/rpc-conventions.js";
import { isNewSpan } from "../report/rpc-span.js";
import { safely } from "../report/safely.js";
import { activeSpan } from "../scope/active-span.js";
import { headerCarrier } from "../scope/header-carrier.js";
import {
  parseTraceparent,
  readTracestate,
  TRACEPARENT,
  toSpanContext,
} from "../scope/trace-context.js";

/** Our own span of a request, and the measurement of how long it took. */
export interface ServerSpan {
  /** Undefined without an SDK. */
  readonly span: Span | undefined;
  /** Runs a part of the handler, so that spans that begin there are below this one. */
  readonly run: <R>(step: () => R) => R;
  /** Ends both. With a status, the request failed. Only the first time counts. */
  readonly end: (status?: Code) => void;
}

const duration = createInstrument((meter) =>
  meter.createHistogram("rpc.server.call.duration", {
    unit: "s",
    description: "Duration of an incoming Remote Procedure Call (RPC).",
    advice: {
      explicitBucketBoundaries: [
        0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
      ],
    },
  }),
);

/** Begins the span of a request. */
export function startServerSpan(
  { header, method }: UnaryRequest | StreamRequest,
  trustRemote: boolean,
): ServerSpan {
  const system = rpcSystemOf(header.get("content-type"));
  const procedure = procedureOf(method);
  const attributes = { [ATTR_RPC_SYSTEM_NAME]: system, [ATTR_RPC_METHOD]: procedure };
  const { parent, links } = parentOf(header, trustRemote);
  const begun = trace
    .getTracer(SCOPE_NAME)
    .startSpan(procedure, { kind: SpanKind.SERVER, attributes, links }, parent);
  const isNew = isNewSpan(begun.spanContext(), trace.getSpanContext(parent));
  const spanContext = isNew ? trace.setSpan(parent, begun) : undefined;
  const startedAtMs = performance.now();
  let hasEnded = false;
  return {
    span: isNew ? begun : undefined,
    run: spanContext === undefined ? (step) => step() : (step) => context.with(spanContext, step),
    end(status) {
      if (hasEnded) {
        return;
      }
      hasEnded = true;
      const atEnd = endAttributes(system, status);
      const error =
        status !== undefined && countsAsError(status, "server")
          ? { [ATTR_ERROR_TYPE]: statusName(status, system) }
          : {};
      const seconds = (performance.now() - startedAtMs) / 1000;
      safely(() => duration().record(seconds, { ...attributes, ...atEnd, ...error }, spanContext));
      safely(() => begun.setAttributes(atEnd).end());
    },
  };
}

/**
 * What the span of a request begins under: the active span, where an HTTP
 * instrumentation has begun one, else the span of the caller. A caller that is not
 * trusted is linked to instead, and so is a span that continues its trace.
 */
function parentOf(
  header: Headers,
  trustRemote: boolean,
): { readonly parent: Context; readonly links: Link[] } {
  const active = context.active();
  const local = activeSpan()?.spanContext();
  if (local !== undefined && trustRemote) {
    return { parent: active, links: [] };
  }
  const withoutSpan =
    trace.getSpanContext(active)?.isRemote === true ? active : trace.deleteSpan(active);
  if (trustRemote) {
    return { parent: callerContext(withoutSpan, header), links: [] };
  }
  const caller = trace.getSpanContext(callerContext(ROOT_CONTEXT, header));
  if (local !== undefined && local.traceId !== caller?.traceId) {
    return { parent: active, links: [] }; // the instrumentation has not continued the trace either
  }
  const untrusted = local ?? caller;
  return {
    parent: propagation.deleteBaggage(trace.deleteSpan(active)),
    links: untrusted === undefined ? [] : [{ context: untrusted }],
  };
}

/** The context of the caller, by OpenTelemetry's propagators or, where none is set up, by W3C's header. */
function callerContext(base: Context, header: Headers): Context {
  const extracted = propagation.extract(base, header, headerCarrier);
  const caller = parseTraceparent(header.get(TRACEPARENT));
  if (trace.getSpanContext(extracted) !== undefined || caller === undefined) {
    return extracted;
  }
  const state = readTracestate(header) ?? "";
  return trace.setSpanContext(extracted, toSpanContext({ ...caller, state }));
}
