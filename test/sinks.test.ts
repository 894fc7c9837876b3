import { execFile } from "node:child_process";
import { Writable } from "node:stream";
import { promisify } from "node:util";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { type Attributes, logs, metrics } from "@opentelemetry/api";
import {
  InMemoryLogRecordExporter,
  LoggerProvider,
  SimpleLogRecordProcessor,
} from "@opentelemetry/sdk-logs";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  createClientInterceptor,
  createErrorChainTransport,
  defineError,
  fullCode,
} from "errchain";
import {
  type ErrorReport,
  type ErrorSink,
  errorMetrics,
  logLines,
  otelEvents,
} from "errchain/report";
import { createServerInterceptor } from "errchain/server";
import { describe, expect, test, vi } from "vitest";
import { ProbeService } from "./gen/probe/v1/probe_pb.js";
import { callProbe, failureOf, kinds, probeRoutes } from "./support/probe.js";
import { connectTo, startServer } from "./support/servers.js";

// What is told of a failed request, and to whom.

const own = defineError({
  system: "FRONT",
  code: 1001,
  reason: "OWN",
  status: "FAILED_PRECONDITION",
  message: "the front cannot go on",
});
const deep = defineError({
  system: "DEEP",
  module: "CORE",
  code: 2002,
  reason: "BROKEN",
  status: "UNAVAILABLE",
  message: "the deep has broken",
});

const deadUrl = "http://127.0.0.1:9";

interface Hops {
  readonly front?: readonly ErrorSink[];
  readonly deep?: readonly ErrorSink[];
  readonly client?: readonly ErrorSink[];
  /** Where the front's callee is, if it is not the deep. */
  readonly deepUrl?: string;
}

/** A client, a front that fails because of a deep, and the deep, which just fails. */
async function startHops(hops: Hops) {
  const deepUrl =
    hops.deepUrl ??
    (await startServer(
      "2",
      probeRoutes(async () => {
        throw deep();
      }),
      [createServerInterceptor({ system: "DEEP", onError: hops.deep ?? [] })],
    ));
  const next = createClient(
    ProbeService,
    connectTo("gRPC", deepUrl, [createClientInterceptor({ onError: hops.client ?? [] })]),
  );
  const frontUrl = await startServer(
    "2",
    probeRoutes(async () => {
      throw own({}, { cause: await failureOf(next.unary({})) });
    }),
    [createServerInterceptor({ system: "FRONT", onError: hops.front ?? [] })],
  );
  const interceptor = createClientInterceptor({ onError: hops.client ?? [] });
  return createClient(ProbeService, connectTo("gRPC", frontUrl, [interceptor]));
}

describe("a report", () => {
  test("has its chain also where a sink has frozen it", async () => {
    const chains: ErrorReport["chain"][] = [];
    const client = await startHops({
      front: [Object.freeze, ({ chain }) => chains.push(chain)],
    });
    await failureOf(client.unary({}));
    expect(chains.map(({ causes }) => causes.map(fullCode))).toEqual([
      ["FRONT_1001", "DEEP_CORE_2002"],
    ]);
  });

  test("is made once by each hop, and says where the fault began", async () => {
    const reports: Record<"front" | "deep" | "client", ErrorReport[]> = {
      front: [],
      deep: [],
      client: [],
    };
    const client = await startHops({
      front: [(report) => reports.front.push(report)],
      deep: [(report) => reports.deep.push(report)],
      client: [(report) => reports.client.push(report)],
    });
    await failureOf(client.unary({}));
    const codes = ["FRONT_1001", "DEEP_CORE_2002"];
    expect(reports.front).toMatchObject([
      {
        kind: "server",
        procedure: "probe.v1.ProbeService/Unary",
        rpcSystem: "grpc",
        cause: { system: "FRONT" },
        status: Code.FailedPrecondition,
        beganHere: false,
        spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
        traceFlags: 1,
        reason: expect.any(ConnectError),
        truncated: [],
        problems: [],
      },
    ]);
    expect(reports.front[0]?.chain.causes.map(fullCode)).toEqual(codes);
    expect(reports.front[0]?.durationMs).toBeGreaterThanOrEqual(0);
    expect(reports.deep).toMatchObject([{ kind: "server", beganHere: true }]);
    // Of the call that the front makes, the front itself tells.
    expect(reports.client).toMatchObject([
      {
        kind: "client",
        beganHere: false,
        status: Code.FailedPrecondition,
        cause: { code: "1001" },
      },
    ]);
    expect(reports.client[0]?.chain.causes.map(fullCode)).toEqual(codes);
    const traceIds = Object.values(reports).map(([report]) => report?.traceId);
    expect(new Set(traceIds).size).toBe(1);
  });

  test("begins at the caller where the callee is silent", async () => {
    const front: boolean[] = [];
    const client: ErrorReport[] = [];
    const failing = await startHops({
      deepUrl: deadUrl,
      front: [(report) => front.push(report.beganHere)],
      client: [(report) => client.push(report)],
    });
    await failureOf(failing.unary({}));
    expect(front).toEqual([true]);
    expect(client.map((report) => report.beganHere)).toEqual([false]);
  });

  test.each(kinds)("is made of a failed %s outside of a request too", async (kind) => {
    const reports: ErrorReport[] = [];
    const onError = [(report: ErrorReport) => reports.push(report)];
    for (const transport of [
      connectTo("gRPC", deadUrl, [createClientInterceptor({ onError })]),
      createErrorChainTransport(connectTo("gRPC", deadUrl), { onError }),
    ]) {
      await failureOf(callProbe(createClient(ProbeService, transport), kind, "x"));
      expect(reports.splice(0)).toMatchObject([
        { kind: "client", beganHere: true, status: Code.Unavailable, cause: { code: "3" } },
      ]);
    }
  });

  test("is not made of a call that its caller gives up, but of one that takes too long", async () => {
    const reports: ErrorReport[] = [];
    const url = await startServer(
      "2",
      probeRoutes(() => new Promise(() => {})),
    );
    const client = createClient(
      ProbeService,
      createErrorChainTransport(connectTo("gRPC", url), { onError: [(r) => reports.push(r)] }),
    );
    await failureOf(client.unary({}, { signal: AbortSignal.abort() }));
    expect(reports).toEqual([]);
    await failureOf(client.unary({}, { timeoutMs: 50 }));
    expect(reports).toMatchObject([{ status: Code.DeadlineExceeded, cause: { code: "4" } }]);
  });
});

describe("a sink", () => {
  const bad: Record<string, ErrorSink> = {
    "that throws": () => {
      throw new Error("from a sink");
    },
    "that rejects": () => Promise.reject(new Error("from a sink")),
    "that never comes to an end": () => new Promise(() => {}),
    "that gives a broken thenable": () => ({
      // biome-ignore lint/suspicious/noThenProperty: this is what is tested
      get then() {
        throw new Error("from a sink");
      },
    }),
  };

  test.each(Object.entries(bad))("%s harms no call, and no other sink", async (_, sink) => {
    const told: string[] = [];
    const note: ErrorSink = ({ cause }) => told.push(fullCode(cause));
    const client = await startHops({ front: [sink, note], deep: [sink], client: [sink, note] });
    const err = await failureOf(client.unary({}));
    expect(err).toMatchObject({ code: Code.FailedPrecondition });
    expect(told).toEqual(["FRONT_1001", "FRONT_1001"]);
  });

  test("that is not there costs nothing: the chain is not even read", async () => {
    const tags = vi.spyOn(BinaryReader.prototype, "tag");
    const costOf = async (sinks: readonly ErrorSink[]): Promise<number> => {
      const transport = createRouterTransport(
        probeRoutes(async () => {
          throw own({}, { cause: deep() });
        }),
        { router: { interceptors: [createServerInterceptor({ onError: sinks })] } },
      );
      await failureOf(createClient(ProbeService, transport).unary({}));
      const count = tags.mock.calls.length;
      tags.mockClear();
      return count;
    };
    await costOf([]); // what is read once for each service
    const without = await costOf([]);
    expect(await costOf([() => {}])).toBe(without);
    expect(await costOf([(report) => report.chain])).toBeGreaterThan(without);
    tags.mockRestore();
  });

  test("that is no function is refused", () => {
    const onError = [5] as unknown as ErrorSink[];
    expect(() => createClientInterceptor({ onError })).toThrow(/onError must be an array/);
    expect(() => createServerInterceptor({ onError })).toThrow(/onError must be an array/);
  });
});

const report = (changes: Partial<ErrorReport> = {}) =>
  ({
    kind: "server",
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    traceFlags: 1,
    problems: [],
    cause: { system: "ROUTE", module: "", code: "100", message: "one\ntwo | three" },
    chain: { causes: [{ system: "ROUTE", module: "", code: "100", branches: 0 }] },
    ...changes,
  }) as unknown as ErrorReport;

describe("logLines", () => {
  test("survives a stream that breaks", async () => {
    const stream = new Writable({
      write(_chunk, _encoding, callback) {
        callback(new Error("EPIPE"));
      },
    });
    const sink = logLines(stream);
    sink(report());
    await new Promise((resolve) => stream.once("close", resolve));
    sink(report());
    await new Promise(setImmediate);
  });

  test("hears of a stream's errors once, however many write to it", () => {
    const stream = new Writable();
    for (let sinks = 0; sinks < 12; sinks++) {
      logLines(stream);
    }
    expect(stream.listenerCount("error")).toBe(1);
  });

  test("tells once of each function that failed while an answer was made", () => {
    const written: string[] = [];
    const sink = logLines({ write: (text) => written.push(text) });
    const problems = [new TypeError("args:\na|B_1|c"), "odd"];
    sink(report({ problems }));
    sink(report({ problems }));
    for (let n = 0; n < 100; n++) {
      sink(report({ problems: [new Error(`number ${n}`)] }));
    }
    const comments = written.filter((line) => line.startsWith("#"));
    expect(comments.slice(0, 2)).toEqual([
      "# ROUTE_100 was answered without what failed: TypeError: args:\\na/B_1/c\n",
      "# ROUTE_100 was answered without what failed: odd\n",
    ]);
    expect(comments).toHaveLength(20);
    expect(written).toHaveLength(102 + 20);
  });

  test("drops lines while a stream takes no more, and says how many", () => {
    const written: string[] = [];
    const stream = { writableLength: 0, write: (text: string) => written.push(text) };
    const sink = logLines(stream);
    stream.writableLength = 17 * 1024 * 1024;
    sink(report());
    sink(report());
    expect(written).toEqual([]);
    stream.writableLength = 0;
    sink(report());
    expect(written).toEqual([
      "# 2 lines were dropped, because the stream took no more\n",
      "0af7651916cd43dd8448eb211c80319c|ROUTE_100|one\\ntwo | three\n",
    ]);
  });
});

describe("otelEvents", () => {
  test("names what a function of the options threw", async () => {
    const exporter = new InMemoryLogRecordExporter();
    const processors = [new SimpleLogRecordProcessor({ exporter })];
    const interceptor = createServerInterceptor({
      system: "FRONT",
      classify: () => {
        throw new TypeError("a bug in the classifier");
      },
      onError: [otelEvents({ loggerProvider: new LoggerProvider({ processors }) })],
    });
    const url = await startServer(
      "2",
      probeRoutes(() => Promise.reject(new Error("broken"))),
      [interceptor],
    );
    await failureOf(createClient(ProbeService, connectTo("gRPC", url)).unary({}));
    const [event] = exporter.getFinishedLogRecords();
    expect(event?.attributes).toMatchObject({
      "error.type": "FRONT_1",
      "errchain.problems": ["TypeError: a bug in the classifier"],
    });
  });

  test("writes the whole chain as an array of maps", async () => {
    const exporter = new InMemoryLogRecordExporter();
    logs.setGlobalLoggerProvider(
      new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] }),
    );
    const client = await startHops({
      front: [otelEvents()],
      client: [otelEvents()],
      deepUrl: deadUrl,
    });
    await failureOf(client.unary({}));
    const [atFront, atClient] = exporter.getFinishedLogRecords();
    expect(atFront).toMatchObject({
      eventName: "rpc.server.call.exception",
      severityText: "ERROR",
      severityNumber: 17,
      body: "the front cannot go on",
      spanContext: { traceId: expect.stringMatching(/^[0-9a-f]{32}$/), spanId: expect.any(String) },
    });
    const isoTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(atFront?.attributes).toEqual({
      "error.type": "FRONT_1001",
      "rpc.system.name": "grpc",
      "rpc.method": "probe.v1.ProbeService/Unary",
      "rpc.status_code": "FAILED_PRECONDITION",
      "errchain.root.system": "PROBE",
      "errchain.root.module": "ALPHA",
      "errchain.root.code": "3",
      "errchain.causes": [
        {
          system: "FRONT",
          code: "1001",
          reason: "OWN",
          message: "the front cannot go on",
          status: "FAILED_PRECONDITION",
          provenance: "RAISED",
          procedure: "probe.v1.ProbeService/Unary",
          span_id: atFront?.spanContext?.spanId,
          occurred_at: isoTime,
          branches: 1,
        },
        {
          system: "PROBE",
          module: "ALPHA",
          code: "3",
          reason: "UNREACHABLE",
          message: "the system could not be reached",
          status: "UNAVAILABLE",
          provenance: "OBSERVED",
          procedure: "probe.v1.ProbeService/Unary",
          occurred_at: isoTime,
        },
      ],
    });
    expect(atClient).toMatchObject({
      eventName: "rpc.client.call.exception",
      severityText: "WARN",
      attributes: { "error.type": "FRONT_1001", "errchain.root.code": "3" },
    });
    logs.disable();
  });

  test("says so where the API is too old for it, and does nothing", async () => {
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      [
        "--import",
        new URL("./otel/sdk2/sdk2.ts", import.meta.url).href,
        "--input-type=module",
        "--eval",
        `import * as api from "@opentelemetry/api";
         import { otelEvents } from "errchain/report";
         console.log("logs" in api, otelEvents()({}));
         process.exit();`,
      ],
      {
        cwd: new URL("..", import.meta.url),
        env: { ...process.env, OTLP_URL: "http://127.0.0.1:9" },
      },
    );
    expect(stdout).toBe("false undefined\n");
    expect(stderr).toMatch(/otelEvents\(\) writes nothing.*from 1\.10 on.*loggerProvider/);
  });

  test("refuses what is no provider", () => {
    expect(() => otelEvents({ loggerProvider: {} as never })).toThrow(/must be a LoggerProvider/);
  });
});

describe("errorMetrics", () => {
  async function countsOf(record: () => void): Promise<[Attributes, number][]> {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.DELTA);
    const reader = new PeriodicExportingMetricReader({ exporter });
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
    record();
    await reader.forceFlush();
    metrics.disable();
    return exporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
      .filter(({ descriptor }) => descriptor.name === "errchain.errors")
      .flatMap(({ dataPoints }) =>
        dataPoints.map((p): [Attributes, number] => [p.attributes, p.value as number]),
      );
  }

  const failure = (code: string, rootCode: string) => {
    const cause = { system: "FRONT", module: "", code, branches: 1 };
    const root = { system: "DEEP", module: "CORE", code: rootCode, branches: 0 };
    return report({ cause: cause as never, chain: { causes: [cause, root] } as never });
  };

  test("counts by the code of the hop and of the root cause", async () => {
    const sink = errorMetrics(); // before there is an SDK
    const counts = await countsOf(() => {
      sink(failure("1", "2"));
      sink(failure("1", "2"));
      sink(failure("1", "3"));
    });
    const front = { "errchain.system": "FRONT", "errchain.code": "1" };
    const root = { "errchain.root.system": "DEEP", "errchain.root.module": "CORE" };
    expect(counts).toEqual([
      [{ ...front, ...root, "errchain.root.code": "2" }, 2],
      [{ ...front, ...root, "errchain.root.code": "3" }, 1],
    ]);
  });

  test("counts what goes beyond its series together", async () => {
    const sink = errorMetrics({ maxSeries: 2 });
    const counts = await countsOf(() => {
      for (let code = 100; code < 200; code++) {
        sink(failure("1", String(code)));
      }
      sink(failure("1", "100"));
    });
    expect(counts.map(([, count]) => count)).toEqual([2, 1, 98]);
    expect(counts.at(-1)?.[0]).toEqual({ "otel.metric.overflow": true });
    expect(() => errorMetrics({ maxSeries: 0 })).toThrow(/maxSeries must be 1 or more, not 0/);
  });
});
