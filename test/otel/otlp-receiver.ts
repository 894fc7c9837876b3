import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { createGunzip } from "node:zlib";
import { onTestFinished } from "vitest";
import { startListening } from "../support/listening.ts";

/** A receiver of OTLP/HTTP in JSON, which keeps what it gets. */
export interface OtlpReceiver {
  readonly url: string;
  readonly spans: Span[];
  readonly logs: LogRecord[];
  readonly points: MetricPoint[];
}

export interface Span {
  readonly service: string;
  readonly scope: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for a root span. */
  readonly parentSpanId: string;
  readonly kind: "INTERNAL" | "SERVER" | "CLIENT";
  readonly attributes: Attributes;
  readonly isError: boolean;
  readonly statusMessage: string;
  readonly events: readonly unknown[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly durationMs: number;
}

export interface LogRecord {
  readonly service: string;
  readonly eventName: string;
  readonly severity: string;
  readonly body: unknown;
  readonly attributes: Attributes;
  readonly traceId: string;
  readonly spanId: string;
}

/** A point of a sum or a histogram. */
export interface MetricPoint {
  readonly service: string;
  readonly metric: string;
  readonly unit: string;
  readonly attributes: Attributes;
  readonly count: number;
}

export type Attributes = Readonly<Record<string, unknown>>;

/** Starts a receiver, on a free port if none is given, until the test is over. */
export async function startOtlpReceiver(port = 0): Promise<OtlpReceiver> {
  const spans: Span[] = [];
  const logs: LogRecord[] = [];
  const points: MetricPoint[] = [];
  const server = createServer(async (req, res) => {
    const isGzip = req.headers["content-encoding"] === "gzip";
    const body = JSON.parse(await text(isGzip ? req.pipe(createGunzip()) : req));
    for (const { resource, scopeSpans } of body.resourceSpans ?? []) {
      for (const { scope, spans: received } of scopeSpans) {
        spans.push(
          ...received.map((span: Json) => readSpan(span, serviceOf(resource), scope.name)),
        );
      }
    }
    for (const { resource, scopeLogs } of body.resourceLogs ?? []) {
      for (const { logRecords } of scopeLogs) {
        logs.push(...logRecords.map((log: Json) => readLog(log, serviceOf(resource))));
      }
    }
    for (const { resource, scopeMetrics } of body.resourceMetrics ?? []) {
      for (const metric of scopeMetrics.flatMap((scope: Json) => scope.metrics)) {
        points.push(...readMetric(metric, serviceOf(resource)));
      }
    }
    res.setHeader("content-type", "application/json").end("{}");
  });
  const { url, close } = await startListening(server, port);
  onTestFinished(close);
  return { url, spans, logs, points };
}

// biome-ignore lint/suspicious/noExplicitAny: JSON as it comes
type Json = any;

function serviceOf(resource: Json): string {
  return String(attributesOf(resource)["service.name"] ?? "");
}

function readSpan(span: Json, service: string, scope: string): Span {
  return {
    service,
    scope,
    name: span.name,
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId ?? "",
    kind:
      (["INTERNAL", "INTERNAL", "SERVER", "CLIENT"] as const)[span.kind as number] ?? "INTERNAL",
    attributes: attributesOf(span),
    isError: span.status?.code === 2,
    statusMessage: span.status?.message ?? "",
    events: span.events ?? [],
    links: span.links ?? [],
    durationMs: Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6,
  };
}

function readLog(log: Json, service: string): LogRecord {
  return {
    service,
    eventName: log.eventName ?? "",
    severity: log.severityText ?? "",
    body: plainOf(log.body),
    attributes: attributesOf(log),
    traceId: log.traceId ?? "",
    spanId: log.spanId ?? "",
  };
}

function readMetric(metric: Json, service: string): MetricPoint[] {
  const { dataPoints } = metric.sum ?? metric.histogram ?? { dataPoints: [] };
  return dataPoints.map((point: Json) => ({
    service,
    metric: metric.name,
    unit: metric.unit,
    attributes: attributesOf(point),
    count: Number(point.count ?? point.asInt ?? point.asDouble),
  }));
}

function attributesOf({ attributes = [] }: Json): Attributes {
  return Object.fromEntries(attributes.map(({ key, value }: Json) => [key, plainOf(value)]));
}

/** A value of OTLP as plain JavaScript. */
function plainOf(value: Json): unknown {
  if (value?.arrayValue !== undefined) {
    return (value.arrayValue.values ?? []).map(plainOf);
  }
  if (value?.kvlistValue !== undefined) {
    return attributesOf({ attributes: value.kvlistValue.values });
  }
  if (value?.intValue !== undefined) {
    return Number(value.intValue);
  }
  return value?.stringValue ?? value?.boolValue ?? value?.doubleValue;
}
