import { setTimeout } from "node:timers/promises";
import {
  Code,
  ConnectError,
  createClient,
  type Interceptor,
  type Transport,
} from "@connectrpc/connect";
import {
  context,
  metrics,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import {
  createClientInterceptor,
  createErrorChainTransport,
  defineError,
  errorChain,
  fullCode,
} from "errchain";
import type { ErrorReport } from "errchain/report";
import { createServerInterceptor, type ServerInterceptorOptions } from "errchain/server";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import * as newest from "../connect-newest/connect.js";
import { ProbeService } from "../gen/probe/v1/probe_pb.js";
import { callProbe, failureOf, type Kind, kinds, probeRoutes } from "../support/probe.js";
import { connectTo, httpVersionOf, type Protocol, startServer } from "../support/servers.js";

// The spans that `spans: true` records, as SDK 3 exports them.

const exporter = new InMemorySpanExporter();
const processor = new SimpleSpanProcessor({ exporter });
const tracer = trace.getTracer("test");
const metricExporter = new InMemoryMetricExporter(AggregationTemporality.DELTA);
const reader = new PeriodicExportingMetricReader({ exporter: metricExporter });

beforeAll(() => {
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [processor] }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
});

afterEach(() => exporter.reset());

const down = defineError({
  system: "PROBE",
  module: "ALPHA",
  code: 2001,
  reason: "DOWN",
  status: "UNAVAILABLE",
  message: "the probe is down",
});

/** Waits until so many spans have ended, and gives them with parents before their children. */
async function endedSpans(count: number): Promise<ReadableSpan[]> {
  await vi.waitFor(() => expect(exporter.getFinishedSpans()).toHaveLength(count));
  const spans = exporter.getFinishedSpans();
  const depthOf = ({ parentSpanContext }: ReadableSpan): number => {
    const parent = spans.find((s) => s.spanContext().spanId === parentSpanContext?.spanId);
    return parent === undefined ? 0 : 1 + depthOf(parent);
  };
  return spans.toSorted((a, b) => depthOf(a) - depthOf(b));
}

interface Setup {
  readonly protocol?: Protocol;
  readonly server?: ServerInterceptorOptions;
  readonly client?: Interceptor[];
  readonly handle?: Parameters<typeof probeRoutes>[0];
}

async function startProbe(setup: Setup = {}) {
  const { protocol = "gRPC", server = { spans: true }, handle = async () => "done" } = setup;
  const url = await startServer(httpVersionOf(protocol), probeRoutes(handle), [
    createServerInterceptor(server),
  ]);
  const interceptors = setup.client ?? [createClientInterceptor({ spans: true })];
  return { url, client: createClient(ProbeService, connectTo(protocol, url, interceptors)) };
}

describe("a call that succeeds", () => {
  test("over gRPC has a client span and below it a server span", async () => {
    const { url, client } = await startProbe();
    await client.unary({});
    const [call, request] = await endedSpans(2);
    expect(call).toMatchObject({
      name: "probe.v1.ProbeService/Unary",
      kind: SpanKind.CLIENT,
      status: { code: SpanStatusCode.UNSET },
      parentSpanContext: undefined,
    });
    expect(call?.attributes).toEqual({
      "rpc.system.name": "grpc",
      "rpc.method": "probe.v1.ProbeService/Unary",
      "rpc.status_code": "OK",
      "server.address": "127.0.0.1",
      "server.port": Number(new URL(url).port),
    });
    expect(request).toMatchObject({
      name: "probe.v1.ProbeService/Unary",
      kind: SpanKind.SERVER,
      status: { code: SpanStatusCode.UNSET },
      parentSpanContext: { spanId: call?.spanContext().spanId, isRemote: true },
    });
    expect(request?.attributes).toEqual({
      "rpc.system.name": "grpc",
      "rpc.method": "probe.v1.ProbeService/Unary",
      "rpc.status_code": "OK",
    });
  });

  test("to an IPv6 address names it without brackets", async () => {
    const interceptors = [createClientInterceptor({ spans: true })];
    const client = createClient(ProbeService, connectTo("gRPC", "http://[::1]:9", interceptors));
    await client.unary({}).catch(() => {});
    const [call] = await endedSpans(1);
    expect(call?.attributes).toMatchObject({ "server.address": "::1", "server.port": 9 });
  });

  test("over Connect has no status code, which only failures have there", async () => {
    const { client } = await startProbe({ protocol: "Connect over HTTP/1.1" });
    await client.unary({});
    for (const span of await endedSpans(2)) {
      expect(span.attributes["rpc.system.name"]).toBe("connectrpc");
      expect(span.attributes).not.toHaveProperty("rpc.status_code");
    }
  });

  test("through a transport says its protocol by the answer", async () => {
    const { url } = await startProbe({ server: {} });
    const transport = createErrorChainTransport(connectTo("gRPC", url), { spans: true });
    await createClient(ProbeService, transport).unary({});
    const [call] = await endedSpans(1);
    expect(call?.attributes).toMatchObject({ "rpc.system.name": "grpc", "rpc.status_code": "OK" });
  });
});

describe("a call that fails", () => {
  const serverErrors = new Set([
    Code.Unknown,
    Code.DeadlineExceeded,
    Code.Unimplemented,
    Code.Internal,
    Code.Unavailable,
    Code.DataLoss,
  ]);
  const codes = Object.values(Code).filter((code) => typeof code === "number");

  test.each(codes)("with the code %i is an error as the conventions have it", async (code) => {
    const { client } = await startProbe({
      handle: async () => {
        throw new ConnectError("failed", code);
      },
    });
    await failureOf(client.unary({}));
    const [call, request] = await endedSpans(2);
    expect(call?.status).toEqual({ code: SpanStatusCode.ERROR, message: "failed" });
    expect(request?.status.code).toBe(
      serverErrors.has(code) ? SpanStatusCode.ERROR : SpanStatusCode.UNSET,
    );
    expect(call?.attributes["rpc.status_code"]).toBe(request?.attributes["rpc.status_code"]);
    expect(call?.attributes["rpc.status_code"]).toMatch(/^[A-Z_]+$/);
  });

  test.each(kinds)(
    "as %s says the code, the root cause, and records no exception",
    async (kind) => {
      const dead = createClient(
        ProbeService,
        connectTo("gRPC", "http://127.0.0.1:9", [
          createClientInterceptor({ spans: true, peer: { system: "ROUTE", module: "DISPATCH" } }),
        ]),
      );
      const { client } = await startProbe({
        protocol: "Connect over HTTP/2",
        handle: async () => {
          throw down({}, { cause: await failureOf(callProbe(dead, kind, "")) });
        },
      });
      const err = await failureOf(callProbe(client, kind, "x"));
      const [call, request, below] = await endedSpans(3);
      const root = {
        "errchain.root.system": "ROUTE",
        "errchain.root.module": "DISPATCH",
        "errchain.root.code": "3",
      };
      for (const span of [call, request]) {
        expect(span?.attributes).toMatchObject({
          "error.type": "PROBE_ALPHA_2001",
          "rpc.status_code": "unavailable",
          ...root,
        });
        expect(span?.status).toEqual({ code: SpanStatusCode.ERROR, message: "the probe is down" });
      }
      expect(below?.kind).toBe(SpanKind.CLIENT);
      expect(below?.attributes).toMatchObject({ "error.type": "ROUTE_DISPATCH_3", ...root });
      expect(below?.parentSpanContext?.spanId).toBe(request?.spanContext().spanId);
      expect([call, request, below].flatMap((span) => span?.events)).toEqual([]);
      const [own] = errorChain(err)?.causes ?? [];
      expect(Buffer.from(own?.spanId ?? []).toString("hex")).toBe(request?.spanContext().spanId);
    },
  );

  describe("without an answer, through a transport", () => {
    const start = (protocol: Protocol) =>
      startProbe({
        protocol,
        server: {},
        handle: (text) => (text === "stall" ? new Promise(() => {}) : Promise.resolve("done")),
      });
    const wrap = (transport: Transport, reports: ErrorReport[] = []) =>
      createClient(
        ProbeService,
        createErrorChainTransport(transport, {
          spans: true,
          onError: [(report) => reports.push(report)],
        }),
      );

    test.each(kinds)("as %s has the protocol of a success before", async (kind) => {
      const { url } = await start("gRPC");
      const reports: ErrorReport[] = [];
      const client = wrap(connectTo("gRPC", url), reports);
      await callProbe(client, kind, "x");
      await failureOf(callProbe(client, "unary", "stall", { timeoutMs: 50 }));
      await endedSpans(2);
      expect(exporter.getFinishedSpans()[1]?.attributes).toMatchObject({
        "rpc.system.name": "grpc",
        "rpc.status_code": "DEADLINE_EXCEEDED",
      });
      expect(reports).toMatchObject([{ rpcSystem: "grpc" }]);
    });

    test("is not told by other transports, nor by Connect's answers", async () => {
      const grpc = await start("gRPC");
      await wrap(connectTo("gRPC", grpc.url)).unary({});
      const { url } = await start("Connect over HTTP/2");
      const client = wrap(connectTo("Connect over HTTP/2", url));
      await client.unary({});
      await failureOf(callProbe(client, "unary", "stall", { timeoutMs: 50 }));
      await endedSpans(3);
      expect(exporter.getFinishedSpans()[2]?.attributes).toMatchObject({
        "rpc.system.name": "connectrpc",
        "rpc.status_code": "deadline_exceeded",
      });
    });

    test("is not told by an error, which may be of another call", async () => {
      const { url } = await start("Connect over HTTP/2");
      let fails = true;
      const foreign = new ConnectError("token", Code.Unavailable, {
        "content-type": "application/grpc",
      });
      const interceptor: Interceptor = (next) => (req) => {
        if (fails) {
          throw foreign;
        }
        return next(req);
      };
      const client = wrap(connectTo("Connect over HTTP/2", url, [interceptor]));
      await failureOf(client.unary({}));
      fails = false;
      await failureOf(callProbe(client, "unary", "stall", { timeoutMs: 50 }));
      await endedSpans(2);
      expect(exporter.getFinishedSpans()[1]?.attributes["rpc.system.name"]).toBe("connectrpc");
    });
  });

  test("because it cannot be written is no failure of the peer", async () => {
    const { client } = await startProbe();
    const request = {
      $typeName: "probe.v1.UnaryRequest",
      get text(): string {
        throw new Error("cannot be read");
      },
    };
    await failureOf(client.unary(request as never));
    const [call] = await endedSpans(1);
    expect(call?.status.code).toBe(SpanStatusCode.ERROR);
    expect(call?.attributes).not.toHaveProperty("errchain.root.system");
  });
});

describe("a stream", () => {
  test.each(kinds)("as %s has spans until its real end, and its handler's below", async (kind) => {
    const { client } = await startProbe({
      async handle() {
        await setTimeout(20);
        tracer.startSpan("in the handler").end();
        return "done";
      },
    });
    await callProbe(client, kind, "x");
    const [call, request, inside] = await endedSpans(3);
    expect(inside?.parentSpanContext?.spanId).toBe(request?.spanContext().spanId);
    for (const span of [call, request]) {
      expect(span?.attributes["rpc.status_code"]).toBe("OK");
    }
    const inOrderOfEnds = exporter.getFinishedSpans().map((span) => span.name);
    expect(inOrderOfEnds[0]).toBe("in the handler");
  });

  test("that its reader has left ends with its signal", async () => {
    const { client } = await startProbe({ server: {} });
    const cancellation = new AbortController();
    for await (const _ of client.serverStream({}, { signal: cancellation.signal })) {
      break;
    }
    await setTimeout(50);
    expect(exporter.getFinishedSpans()).toEqual([]);
    cancellation.abort();
    const [call] = await endedSpans(1);
    expect(call?.attributes).toMatchObject({
      "rpc.status_code": "CANCELLED",
      "error.type": "PROBE_ALPHA_5",
    });
  });

  test("that its reader has left ends with its deadline", async () => {
    const { client } = await startProbe({ server: {} });
    for await (const _ of client.serverStream({}, { timeoutMs: 200 })) {
      break;
    }
    const [call] = await endedSpans(1);
    expect(call?.attributes).toMatchObject({
      "rpc.status_code": "DEADLINE_EXCEEDED",
      "error.type": "PROBE_ALPHA_4",
    });
  });

  test.each(["interceptor", "transport"])(
    "that its reader has left ends at once with the %s, from Connect 2.3 on",
    async (how) => {
      const baseUrl = await startServer(
        "2",
        probeRoutes(async (text) => text),
      );
      const isInterceptor = how === "interceptor";
      const interceptors = isInterceptor ? [createClientInterceptor({ spans: true })] : [];
      const transport = newest.createGrpcTransport({ baseUrl, interceptors });
      const client = newest.createClient(
        ProbeService,
        isInterceptor ? transport : createErrorChainTransport(transport, { spans: true }),
      );
      for await (const _ of client.serverStream({})) {
        break;
      }
      const [call] = await endedSpans(1);
      expect(call?.attributes).toMatchObject({
        "rpc.status_code": "CANCELLED",
        "error.type": "PROBE_ALPHA_5",
      });
    },
  );

  test("that its caller cancels ends on the server too", async () => {
    const { client } = await startProbe({
      client: [],
      handle: (_, signal) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    });
    const cancellation = new AbortController();
    const reading = failureOf(
      callProbe(client, "serverStream", "x", { signal: cancellation.signal }),
    );
    await setTimeout(50);
    cancellation.abort();
    await reading;
    const [request] = await endedSpans(1);
    expect(request?.attributes).toMatchObject({ "rpc.status_code": "CANCELLED" });
    expect(request?.status.code).toBe(SpanStatusCode.UNSET);
  });
});

test.each(["ends by itself", "goes on writing"])(
  "a stream that its caller leaves ends as canceled, if the handler %s",
  async (how) => {
    const url = await startServer(
      "2",
      (router) =>
        router.service(ProbeService, {
          async *serverStream(_, { signal }) {
            while (how === "goes on writing" || !signal.aborted) {
              yield { text: "more" };
              await setTimeout(20);
            }
          },
        }),
      [createServerInterceptor({ spans: true })],
    );
    const client = createClient(ProbeService, connectTo("gRPC", url));
    const cancellation = new AbortController();
    for await (const _ of client.serverStream({}, { signal: cancellation.signal })) {
      break;
    }
    cancellation.abort();
    const [request] = await endedSpans(1);
    expect(request?.attributes).toMatchObject({ "rpc.status_code": "CANCELLED" });
  },
);

describe("parents", () => {
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const remote = `00-${traceId}-b7ad6b7169203331-01`;
  const untraced = (traceparent?: string): Interceptor[] => [
    (next) => (req) => {
      if (traceparent !== undefined) {
        req.header.set("traceparent", traceparent);
      }
      return next(req);
    },
  ];

  test("an untrusted caller's trace is linked to, and not continued", async () => {
    const traceIds: string[] = [];
    const { client } = await startProbe({
      server: {
        spans: true,
        trustRemote: false,
        onError: [(report) => traceIds.push(report.traceId)],
      },
      client: untraced(remote),
      handle: async () => {
        throw down();
      },
    });
    await failureOf(client.unary({}));
    const [request] = await endedSpans(1);
    expect(request?.parentSpanContext).toBeUndefined();
    expect(request?.spanContext().traceId).not.toBe(traceId);
    expect(request?.links).toMatchObject([{ context: { traceId, spanId: "b7ad6b7169203331" } }]);
    expect(traceIds).toEqual([request?.spanContext().traceId]);
  });

  test("without spans an untrusted caller's trace is not continued either", async () => {
    const traceIds: string[] = [];
    const { client } = await startProbe({
      server: { trustRemote: false, onError: [(report) => traceIds.push(report.traceId)] },
      client: untraced(remote),
      handle: async () => {
        throw down();
      },
    });
    const chain = errorChain(await failureOf(client.unary({})));
    expect(traceIds[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(traceIds[0]).not.toBe(traceId);
    expect(Buffer.from(chain?.traceId ?? []).toString("hex")).toBe(traceIds[0]);
  });

  test("a client span of a hop without a server span is below the caller's", async () => {
    const { client: next } = await startProbe({ server: {} });
    const { client } = await startProbe({
      server: {},
      client: untraced(remote),
      handle: async () => (await next.unary({})).text,
    });
    await client.unary({});
    const [call] = await endedSpans(1);
    expect(call?.spanContext().traceId).toBe(traceId);
    expect(call?.parentSpanContext?.spanId).toBe("b7ad6b7169203331");
  });

  test("a span that was active when the server started is nobody's parent", async () => {
    const bootstrap = tracer.startSpan("bootstrap");
    const { client } = await context.with(trace.setSpan(ROOT_CONTEXT, bootstrap), async () => {
      const probe = await startProbe({ client: [] });
      bootstrap.end();
      return probe;
    });
    await client.unary({});
    const request = (await endedSpans(2)).find((span) => span.kind === SpanKind.SERVER);
    expect(request?.parentSpanContext).toBeUndefined();
    expect(request?.spanContext().traceId).not.toBe(bootstrap.spanContext().traceId);
  });

  test("of two interceptors around a retry only the one with spans counts the whole call", async () => {
    let attempts = 0;
    const retryOnce: Interceptor = (next) => async (req) => {
      try {
        return await next(req);
      } catch {
        return next(req);
      }
    };
    const { client } = await startProbe({
      client: [createClientInterceptor({ spans: true }), retryOnce, createClientInterceptor()],
      handle: async () => {
        if (attempts++ === 0) {
          throw down();
        }
        return "done";
      },
    });
    await client.unary({});
    const [call, ...requests] = await endedSpans(3);
    expect(call).toMatchObject({ kind: SpanKind.CLIENT, status: { code: SpanStatusCode.UNSET } });
    expect(requests.map((span) => span.parentSpanContext?.spanId)).toEqual([
      call?.spanContext().spanId,
      call?.spanContext().spanId,
    ]);
  });
});

test("without a propagator the trace context is sent and read all the same", async () => {
  propagation.disable();
  try {
    const { client } = await startProbe();
    await client.unary({});
    const [call, request] = await endedSpans(2);
    expect(request?.parentSpanContext?.spanId).toBe(call?.spanContext().spanId);
    expect(request?.spanContext().traceId).toBe(call?.spanContext().traceId);
  } finally {
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  }
});

test.each(["onStart", "onEnd"] as const)("an SDK that throws in %s harms no call", async (step) => {
  const { client } = await startProbe({
    handle: async (text) => {
      if (text === "fail") {
        throw down();
      }
      return "done";
    },
  });
  const broken = vi.spyOn(processor, step).mockImplementation(() => {
    throw new Error("from a span processor");
  });
  try {
    expect((await client.unary({})).text).toBe("done");
    const err = await failureOf(client.unary({ text: "fail" }));
    expect(errorChain(err)?.causes.map(fullCode)).toEqual(["PROBE_ALPHA_2001"]);
    expect(broken).toHaveBeenCalledTimes(4);
  } finally {
    broken.mockRestore();
  }
});

describe("the active span, where spans are off", () => {
  const inSpan =
    (kind: SpanKind): Interceptor =>
    (next) =>
    (req) =>
      tracer.startActiveSpan("around", { kind }, ROOT_CONTEXT, async (span) => {
        try {
          return await next(req);
        } finally {
          span.end();
        }
      });

  async function failWithin(kind: SpanKind): Promise<ReadableSpan | undefined> {
    const url = await startServer(
      "2",
      probeRoutes(async () => {
        throw down();
      }),
      [inSpan(kind), createServerInterceptor()],
    );
    await failureOf(createClient(ProbeService, connectTo("gRPC", url)).unary({}));
    return (await endedSpans(1))[0];
  }

  test("says how the request failed, if it stands for the request", async () => {
    const span = await failWithin(SpanKind.SERVER);
    expect(span?.attributes).toEqual({
      "error.type": "PROBE_ALPHA_2001",
      "errchain.root.system": "PROBE",
      "errchain.root.module": "ALPHA",
      "errchain.root.code": "2001",
    });
    expect(span?.status).toEqual({ code: SpanStatusCode.ERROR, message: "the probe is down" });
    expect(span?.events).toEqual([]);
  });

  test("is left alone if it is somebody else's", async () => {
    for (const kind of [SpanKind.INTERNAL, SpanKind.CLIENT]) {
      const span = await failWithin(kind);
      expect(span?.attributes).toEqual({});
      expect(span?.status.code).toBe(SpanStatusCode.UNSET);
      exporter.reset();
    }
  });

  test("gives the trace also to calls outside of any request", async () => {
    const traceIds: string[] = [];
    const { client } = await startProbe({
      server: { onError: [(report) => traceIds.push(report.traceId)] },
      client: [createClientInterceptor()],
      handle: async () => {
        throw down();
      },
    });
    const job = tracer.startSpan("job");
    const err = await context.with(trace.setSpan(ROOT_CONTEXT, job), () =>
      failureOf(client.unary({})),
    );
    job.end();
    expect(traceIds).toEqual([job.spanContext().traceId]);
    expect(errorChain(err)?.causes.map(fullCode)).toEqual(["PROBE_ALPHA_2001"]);
  });
});

test("the duration of requests is measured, with an error type for server errors only", async () => {
  metricExporter.reset();
  const { client } = await startProbe({
    client: [],
    handle: async (text) => {
      throw text === "down" ? down() : new ConnectError("no such thing", Code.NotFound);
    },
  });
  await reader.forceFlush();
  metricExporter.reset();
  for (const text of ["down", "down", "not found"]) {
    await failureOf(client.unary({ text }));
  }
  await reader.forceFlush();
  const found = metricExporter
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics));
  expect(found).toHaveLength(1);
  expect(found[0]?.descriptor).toMatchObject({ name: "rpc.server.call.duration", unit: "s" });
  const grpc = { "rpc.system.name": "grpc", "rpc.method": "probe.v1.ProbeService/Unary" };
  expect(found[0]?.dataPoints).toMatchObject([
    {
      attributes: { ...grpc, "rpc.status_code": "UNAVAILABLE", "error.type": "UNAVAILABLE" },
      value: { count: 2, buckets: { boundaries: expect.arrayContaining([0.005, 7.5, 10]) } },
    },
    { attributes: { ...grpc, "rpc.status_code": "NOT_FOUND" }, value: { count: 1 } },
  ]);
  expect(found[0]?.dataPoints[1]?.attributes).not.toHaveProperty("error.type");
});

test.each<Kind>(["unary", "serverStream"])("with spans off, %s records nothing", async (kind) => {
  const { client } = await startProbe({ server: {}, client: [createClientInterceptor()] });
  await callProbe(client, kind, "x");
  await setTimeout(20);
  expect(exporter.getFinishedSpans()).toEqual([]);
});
