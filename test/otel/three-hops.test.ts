import { createClient, type Interceptor } from "@connectrpc/connect";
import { errorChain, fullCode, parseLogLine } from "errchain";
import { describe, expect, test } from "vitest";
import { ProbeService } from "../gen/probe/v1/probe_pb.js";
import { callProbe, failureOf, type Kind } from "../support/probe.js";
import { connectTo, type Protocol } from "../support/protocols.js";
import { type Hop, type HopSetup, startHop } from "./fleet.js";
import { type OtlpReceiver, type Span, startOtlpReceiver } from "./otlp-receiver.js";

// Three hops, each in a process of its own, with the real exporters of the SDKs: one
// trace ID in everything that is written, and no span without its parent.

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const CALLER_SPAN = "b7ad6b7169203331";

interface Fleet {
  readonly protocol: Protocol;
  readonly hops: readonly [HopKind, HopKind, HopKind];
  readonly kind?: Kind;
  readonly client?: HopSetup["client"];
}

/** The SDK of a hop, and who begins spans in it. */
type HopKind = readonly [HopSetup["sdk"], ...("HTTP" | "RPC")[]];

const NONE: HopKind = ["none"];

const fleets: Record<string, Fleet> = {
  "without an SDK, over gRPC": { protocol: "gRPC", hops: [NONE, NONE, NONE] },
  "without an SDK, over HTTP/1.1": { protocol: "Connect over HTTP/1.1", hops: [NONE, NONE, NONE] },
  ...Object.fromEntries(
    (["SDK 2", "SDK 3"] as const).flatMap((sdk): [string, Fleet][] => [
      [
        `with ${sdk} and our spans, over gRPC`,
        {
          protocol: "gRPC",
          hops: [
            [sdk, "RPC"],
            [sdk, "RPC"],
            [sdk, "RPC"],
          ],
        },
      ],
      [
        `with ${sdk} and HTTP instrumentation`,
        {
          protocol: "Connect over HTTP/1.1",
          hops: [
            [sdk, "HTTP"],
            [sdk, "HTTP"],
            [sdk, "HTTP"],
          ],
        },
      ],
      [
        `with ${sdk}, HTTP instrumentation and our spans`,
        {
          protocol: "gRPC-Web over HTTP/1.1",
          hops: [
            [sdk, "HTTP", "RPC"],
            [sdk, "HTTP", "RPC"],
            [sdk, "HTTP", "RPC"],
          ],
          client: "transport",
        },
      ],
      [
        `with ${sdk} and our spans, as streams`,
        {
          protocol: "Connect over HTTP/1.1",
          hops: [
            [sdk, "HTTP", "RPC"],
            [sdk, "HTTP", "RPC"],
            [sdk, "HTTP", "RPC"],
          ],
          kind: "serverStream",
        },
      ],
    ]),
  ),
  "with SDK 3, none, SDK 2": {
    protocol: "gRPC",
    hops: [["SDK 3", "RPC"], NONE, ["SDK 2", "RPC"]],
  },
  "with SDK 2, none, SDK 3, and HTTP instrumentation": {
    protocol: "Connect over HTTP/1.1",
    hops: [["SDK 2", "HTTP", "RPC"], NONE, ["SDK 3", "HTTP"]],
  },
  "with none, SDK 2, SDK 3": {
    protocol: "Connect over HTTP/1.1",
    hops: [NONE, ["SDK 2", "HTTP"], ["SDK 3", "HTTP", "RPC"]],
  },
};

const NAMES = ["ALPHA", "BETA", "GAMMA"];

describe.each(Object.entries(fleets))("%s", (_, fleet) => {
  test("all that is written has one trace ID, and every span its parent", async () => {
    const otlp = await startOtlpReceiver();
    const hops = await startFleet(fleet, otlp);
    const [first] = hops;
    const client = createClient(
      ProbeService,
      connectTo(fleet.protocol, first?.url ?? "", [tracing]),
    );
    const err = await failureOf(callProbe(client, fleet.kind ?? "unary", "fail"));
    await Promise.all(hops.map((hop) => hop.stop()));

    const chain = errorChain(err);
    expect(chain?.causes.map(fullCode)).toEqual(NAMES.map((name) => `${name}_1000`));
    expect(hex(chain?.traceId)).toBe(TRACE_ID);
    const lines = hops.map((hop) => hop.output());
    expect(lines).toEqual(NAMES.map((name) => `${TRACE_ID}|${name}_1000|${name} cannot go on\n`));
    expect(lines.map((line) => parseLogLine(line)?.traceId)).toEqual([
      TRACE_ID,
      TRACE_ID,
      TRACE_ID,
    ]);

    const spanIds = chain?.causes.map((cause) => hex(cause.spanId)) ?? [];
    const withSdk = NAMES.filter((_, n) => fleet.hops[n]?.[0] !== "none");
    const events = otlp.logs.toSorted((a, b) => a.service.localeCompare(b.service));
    expect(events).toMatchObject(
      withSdk.map((name) => ({
        service: name,
        eventName: "rpc.server.call.exception",
        severity: name === "GAMMA" ? "ERROR" : "WARN",
        traceId: TRACE_ID,
        spanId: spanIds[NAMES.indexOf(name)],
      })),
    );
    expect(otlp.spans.map((span) => span.traceId)).toEqual(otlp.spans.map(() => TRACE_ID));
    expectPath(otlp.spans, pathOf(fleet, spanIds));
  });
});

/** Each of these stands below the one before. */
interface Step {
  readonly service: string;
  /** Who records it; nobody in a hop without an SDK, which only sends an ID on. */
  readonly scope: "errchain" | "@opentelemetry/instrumentation-http" | undefined;
  readonly kind: Span["kind"];
  /** Undefined where only the exported span says it. */
  readonly spanId?: string | undefined;
}

/** The way of the request through the hops, span by span. */
function pathOf({ hops }: Fleet, spanIds: readonly string[]): Step[] {
  return hops.flatMap(([sdk, ...layers], n): Step[] => {
    const service = NAMES[n] ?? "";
    if (sdk === "none") {
      return [{ service, scope: undefined, kind: "SERVER", spanId: spanIds[n] }];
    }
    const scopes = layers.map((layer) =>
      layer === "RPC" ? ("errchain" as const) : ("@opentelemetry/instrumentation-http" as const),
    );
    const own = scopes.at(-1); // the chain names the innermost span of the server
    return [
      ...scopes.map((scope) => ({
        service,
        scope,
        kind: "SERVER" as const,
        spanId: scope === own ? spanIds[n] : undefined,
      })),
      ...(n < hops.length - 1
        ? scopes.toReversed().map((scope) => ({ service, scope, kind: "CLIENT" as const }))
        : []),
    ];
  });
}

function expectPath(spans: readonly Span[], path: readonly Step[]): void {
  let parentSpanId = CALLER_SPAN;
  for (const { service, scope, kind, spanId } of path) {
    if (scope === undefined) {
      parentSpanId = spanId ?? "";
      continue;
    }
    const found = spans.filter((span) => span.parentSpanId === parentSpanId);
    expect(found).toMatchObject([{ service, scope, kind, ...(spanId && { spanId }) }]);
    parentSpanId = found[0]?.spanId ?? "";
  }
  expect(spans).toHaveLength(path.filter(({ scope }) => scope !== undefined).length);
}

async function startFleet(
  { protocol, hops, kind, client }: Fleet,
  otlp: OtlpReceiver,
): Promise<Hop[]> {
  const started: Hop[] = [];
  for (const [n, [sdk, ...layers]] of [...hops.entries()].toReversed()) {
    const hop = await startHop({
      name: NAMES[n] ?? "",
      sdk,
      httpInstrumentation: layers.includes("HTTP"),
      spans: layers.includes("RPC"),
      trustRemote: true,
      client: client ?? "interceptor",
      protocol,
      kind: kind ?? "unary",
      nextUrl: started[0]?.url,
      otlpUrl: otlp.url,
    });
    started.unshift(hop);
  }
  return started;
}

/** The caller of the first hop has a trace already. */
const tracing: Interceptor = (next) => (req) => {
  req.header.set("traceparent", `00-${TRACE_ID}-${CALLER_SPAN}-01`);
  return next(req);
};

function hex(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString("hex");
}
