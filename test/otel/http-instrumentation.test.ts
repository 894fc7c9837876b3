import { createServer } from "node:http";
import { createClient, type Interceptor } from "@connectrpc/connect";
import { errorChain } from "errchain";
import { describe, expect, test } from "vitest";
import { ProbeService } from "../gen/probe/v1/probe_pb.js";
import { failureOf } from "../support/probe.js";
import { connectTo, listen, type Protocol } from "../support/servers.js";
import { type HopSetup, startHop } from "./fleet.js";
import { type Span, startOtlpReceiver } from "./otlp-receiver.js";

// One hop beside @opentelemetry/instrumentation-http, which wraps Node's own http.

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";

const tracing: Interceptor = (next) => (req) => {
  req.header.set("traceparent", `00-${TRACE_ID}-b7ad6b7169203331-01`);
  return next(req);
};

describe.each(["SDK 2", "SDK 3"] as const)("with %s", (sdk) => {
  async function failThrough(protocol: Protocol, setup: Partial<HopSetup>) {
    const otlp = await startOtlpReceiver();
    const hop = await startHop({
      name: "ALPHA",
      sdk,
      httpInstrumentation: true,
      spans: true,
      trustRemote: true,
      client: "interceptor",
      protocol,
      kind: "unary",
      nextUrl: undefined,
      otlpUrl: otlp.url,
      ...setup,
    });
    const client = createClient(ProbeService, connectTo(protocol, hop.url, [tracing]));
    const err = await failureOf(client.unary({}));
    await hop.stop();
    const by = (scope: string, kind: Span["kind"]) =>
      otlp.spans.find((span) => span.scope.endsWith(scope) && span.kind === kind);
    return {
      err,
      otlp,
      line: hop.output(),
      http: by("http", "SERVER"),
      rpc: by("errchain", "SERVER"),
    };
  }

  test.each([true, false])("a callee gets one trace context, with our spans: %s", async (spans) => {
    const received: string[][] = [];
    const nextUrl = await listen(
      createServer((req, res) => {
        received.push(req.rawHeaders);
        res.writeHead(503).end();
      }),
    );
    const { otlp } = await failThrough("Connect over HTTP/1.1", { spans, nextUrl });
    const [headers = []] = received;
    const names = headers.filter((_, n) => n % 2 === 0).map((name) => name.toLowerCase());
    expect(names.filter((name) => name === "traceparent")).toHaveLength(1);
    const innermost = otlp.spans.find((s) => s.scope.endsWith("http") && s.kind === "CLIENT");
    expect(headers[2 * names.indexOf("traceparent") + 1]).toBe(
      `00-${TRACE_ID}-${innermost?.spanId}-01`,
    );
  });

  test("an untrusted trace ends at our span, and is linked to", async () => {
    const { err, line, http, rpc } = await failThrough("Connect over HTTP/1.1", {
      trustRemote: false,
    });
    expect(http?.traceId).toBe(TRACE_ID);
    expect(rpc?.traceId).not.toBe(TRACE_ID);
    expect(rpc?.parentSpanId).toBe("");
    expect(rpc?.links).toMatchObject([{ traceId: TRACE_ID, spanId: http?.spanId }]);
    expect(line).toBe(`${rpc?.traceId}|ALPHA_1000|ALPHA cannot go on\n`);
    expect(Buffer.from(errorChain(err)?.traceId ?? []).toString("hex")).toBe(rpc?.traceId);
  });

  test("an untrusted trace that the instrumentation continues is kept, where our spans are off", async () => {
    const { line } = await failThrough("Connect over HTTP/1.1", {
      trustRemote: false,
      spans: false,
    });
    expect(line).toBe(`${TRACE_ID}|ALPHA_1000|ALPHA cannot go on\n`);
  });

  test("HTTP's span says how the request failed, also where HTTP itself has not failed", async () => {
    const { http } = await failThrough("gRPC-Web over HTTP/1.1", { spans: false });
    expect(http?.attributes).toMatchObject({
      "http.response.status_code": 200,
      "error.type": "ALPHA_1000",
      "errchain.root.system": "ALPHA",
      "errchain.root.code": "1000",
    });
    expect(http).toMatchObject({ isError: true, events: [] });
  });

  test("where HTTP has failed, its status is the error type", async () => {
    const { http } = await failThrough("Connect over HTTP/1.1", { spans: false });
    expect(http?.attributes).toMatchObject({
      "http.response.status_code": 503,
      "errchain.root.code": "1000",
    });
    expect(http?.isError).toBe(true);
  });

  test("with spans of our own, HTTP's span is left alone", async () => {
    const { http, rpc } = await failThrough("gRPC-Web over HTTP/1.1", {});
    expect(http?.attributes).not.toHaveProperty("errchain.root.system");
    expect(rpc?.attributes).toMatchObject({ "errchain.root.system": "ALPHA" });
  });
});
