// Spans of the OpenTelemetry SDK. There is no package that instruments connect-es, so
// the interceptors are what such a package would do. Nothing is registered globally:
// the other variants run in the same process.

import type { Interceptor, StreamRequest, UnaryRequest } from "@connectrpc/connect";
import { ConnectError } from "@connectrpc/connect";
import {
  type Context,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace as traceApi,
} from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { BatchSpanProcessor, type SpanExporter, TracerProvider } from "@opentelemetry/sdk-trace";

const dropping: SpanExporter = {
  export: (_spans, done) => done({ code: 0 }),
  shutdown: async () => {},
};

const provider = new TracerProvider({
  spanProcessors: [new BatchSpanProcessor({ exporter: dropping })],
});
const tracer = provider.getTracer("bench");
const contexts = new AsyncLocalStorageContextManager().enable();
const propagator = new W3CTraceContextPropagator();

const getter = {
  get: (header: Headers, key: string) => header.get(key) ?? undefined,
  keys: (header: Headers) => [...header.keys()],
};
const setter = {
  set: (header: Headers, key: string, value: string) => header.set(key, value),
};

/** A server span around the handling of a request. */
export const serverSpans: Interceptor = (next) => (req) => {
  const parent = propagator.extract(ROOT_CONTEXT, req.header, getter);
  return inSpan(SpanKind.SERVER, req, parent, () => next(req));
};

/** A client span around a call that is made for a request; the entry is not traced. */
export const clientSpans: Interceptor = (next) => async (req) => {
  const parent = contexts.active();
  if (traceApi.getSpan(parent) === undefined) {
    return next(req);
  }
  return inSpan(SpanKind.CLIENT, req, parent, (context) => {
    propagator.inject(context, req.header, setter);
    return next(req);
  });
};

async function inSpan<T>(
  kind: SpanKind,
  req: UnaryRequest | StreamRequest,
  parent: Context,
  run: (context: Context) => Promise<T>,
): Promise<T> {
  const procedure = `${req.service.typeName}/${req.method.name}`;
  const attributes = { "rpc.system.name": "connectrpc", "rpc.method": procedure };
  const span = tracer.startSpan(procedure, { kind, attributes }, parent);
  const context = traceApi.setSpan(parent, span);
  try {
    return await contexts.with(context, () => run(context));
  } catch (err) {
    span.setAttribute("error.type", String(ConnectError.from(err).code));
    span.setStatus({ code: SpanStatusCode.ERROR });
    throw err;
  } finally {
    span.end();
  }
}
