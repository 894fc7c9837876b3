import { randomBytes } from "node:crypto";
import { type Attributes, context, trace as traceApi } from "@opentelemetry/api";
import { OTLPLogExporter as GrpcExporter } from "@opentelemetry/exporter-logs-otlp-grpc";
import { OTLPLogExporter as JsonExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { OTLPLogExporter as ProtobufExporter } from "@opentelemetry/exporter-logs-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BatchLogRecordProcessor,
  LoggerProvider,
  type LogRecordExporter,
} from "@opentelemetry/sdk-logs";
import { describe, expect, test, vi } from "vitest";
import { Certainty, Provenance } from "../gen/errchain/hub/v1/hub_pb.js";
import { type HubProcess, startHub } from "./support/hub-process.ts";

// The official exporters of the OpenTelemetry SDK deliver to the hub.

const compression = "gzip" as never; // the enum is not exported

const exporters: Record<string, (hub: HubProcess) => LogRecordExporter> = {
  gRPC: ({ grpcUrl }) => new GrpcExporter({ url: grpcUrl }),
  "gRPC with gzip": ({ grpcUrl }) => new GrpcExporter({ url: grpcUrl, compression }),
  "HTTP/protobuf": ({ httpUrl }) => new ProtobufExporter({ url: `${httpUrl}/v1/logs` }),
  "HTTP/protobuf with gzip": ({ httpUrl }) =>
    new ProtobufExporter({ url: `${httpUrl}/v1/logs`, compression }),
  "HTTP/JSON": ({ httpUrl }) => new JsonExporter({ url: `${httpUrl}/v1/logs` }),
};

const hex = (bytes: number) => randomBytes(bytes).toString("hex");

describe.each(Object.entries(exporters))("%s", (_, exporter) => {
  test("delivers events with chains, and log lines", async () => {
    const hub = await startHub();
    // As the hub prints it.
    vi.stubEnv("OTEL_EXPORTER_OTLP_HEADERS", `authorization=Bearer ${hub.token}`);
    const provider = new LoggerProvider({
      resource: resourceFromAttributes({ "service.name": "promise" }),
      processors: [new BatchLogRecordProcessor({ exporter: exporter(hub) })],
    });
    const logger = provider.getLogger("test");
    const traceId = hex(16);
    const spanId = hex(8);
    const at = new Date("2026-01-02T03:04:05.678Z");
    const spanContext = { traceId, spanId, traceFlags: 1 };
    logger.emit({
      eventName: "rpc.server.call.exception",
      body: "there is no delivery time",
      timestamp: at,
      context: traceApi.setSpanContext(context.active(), spanContext),
      attributes: {
        "error.type": "PROMISE_ETA_10002",
        "rpc.method": "promise.v1.EtaService/PromiseDelivery",
        "errchain.causes": [
          {
            system: "PROMISE",
            module: "ETA",
            code: "10002",
            reason: "NO_DELIVERY_TIME",
            message: "there is no delivery time",
            status: "FAILED_PRECONDITION",
            provenance: "RAISED",
            span_id: spanId,
            occurred_at: at.toISOString(),
            branches: 1,
          },
          {
            system: "ROUTE",
            module: "DISPATCH",
            code: "3",
            message: "the system could not be reached",
            status: "UNAVAILABLE",
            provenance: "OBSERVED",
            procedure: "route.v1.RouteService/FindRange",
            occurred_at: "2026-01-02T03:04:05.670Z",
            inferred: true,
          },
        ],
      } as unknown as Attributes,
    });
    logger.emit({ body: `${traceId}|WMS_ORDER_10001|the order cannot be promised` });
    logger.emit({ body: "an ordinary log record" });
    await provider.forceFlush();
    await provider.shutdown();

    const { trace } = await hub.api.getTrace({ text: traceId });
    expect(trace?.summary).toMatchObject({
      traceId,
      root: { fullCode: "ROUTE_DISPATCH_3", system: "ROUTE" },
      surfaced: { fullCode: "WMS_ORDER_10001" },
      hopCount: 3,
      systems: ["WMS", "PROMISE", "ROUTE"],
    });
    expect(trace?.hops).toMatchObject([
      { code: { system: "WMS" }, link: Certainty.UNSPECIFIED, parent: -1 },
      {
        code: { system: "PROMISE" },
        service: "promise",
        reason: "NO_DELIVERY_TIME",
        status: "FAILED_PRECONDITION",
        provenance: Provenance.RAISED,
        procedure: "promise.v1.EtaService/PromiseDelivery",
        spanId,
        link: Certainty.TIME_ORDER,
        sources: { events: 1 },
      },
      {
        code: { system: "ROUTE" },
        provenance: Provenance.OBSERVED,
        inferred: true,
        link: Certainty.REPORTED_CHAIN,
        depth: 2,
      },
    ]);
    expect((await hub.api.getStatus({})).ingest).toMatchObject({
      accepted: 2n,
      ignored: 1n,
      rejected: 0n,
    });
  });
});
