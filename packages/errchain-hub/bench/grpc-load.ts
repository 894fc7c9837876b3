import { randomFillSync } from "node:crypto";
import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { ExportLogsServiceRequestSchema } from "../gen/opentelemetry/proto/collector/logs/v1/logs_service_pb.js";

import type { LogRecordSchema } from "../gen/opentelemetry/proto/logs/v1/logs_pb.js";

// A sender that costs next to nothing itself: requests are encoded once, and only
// trace IDs, span IDs and times are written over. It shares the machine with the hub.

/** The default of the SDK's batch processor. */
export const RECORDS_PER_REQUEST = 512;
const HOPS = ["ROUTE_DISPATCH", "PROMISE_ETA", "WMS_ORDER"];
const CODES = 100;

/** What is sent: an event for each of three hops; with chains, each with what it received. */
export type Load = "events" | "chains";

export interface LoadOptions {
  readonly grpcUrl: string;
  readonly token: string;
  readonly load: Load;
  /** How many records. */
  readonly count: number;
  /** The times of the records are spread over so much time before now. */
  readonly spreadMs: number;
  readonly concurrency: number;
  readonly onProgress?: (sent: number) => void;
}

export interface LoadResult {
  readonly seconds: number;
  readonly records: number;
  /** Some of the trace IDs. */
  readonly traceIds: readonly string[];
  readonly bytesPerRecord: number;
}

/** Sends records and waits for every acknowledgement. Throws if one is refused. */
export async function sendLoad(options: LoadOptions): Promise<LoadResult> {
  const { grpcUrl, count, concurrency, spreadMs, onProgress = () => {} } = options;
  const session = connect(grpcUrl);
  await once(session, "connect");
  const templates = Array.from({ length: 8 }, (_, i) => template(options.load, i));
  const requests = Math.ceil(count / RECORDS_PER_REQUEST);
  const traceIds: string[] = [];
  let next = 0;
  const started = performance.now();
  const worker = async () => {
    for (let request = next++; request < requests; request = next++) {
      const source = templates[request % templates.length] ?? template(options.load, 0);
      const at = Date.now() - spreadMs * (1 - request / requests);
      const frame = fill(source, at);
      if (request % 50 === 0) {
        traceIds.push(
          frame.toString("hex", source.traces[0]?.[0], (source.traces[0]?.[0] ?? 0) + 16),
        );
      }
      await send(session, options.token, frame);
      onProgress(request * RECORDS_PER_REQUEST);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  const seconds = (performance.now() - started) / 1000;
  session.close();
  const bytesPerRecord = (templates[0]?.frame.length ?? 0) / RECORDS_PER_REQUEST;
  return { seconds, records: requests * RECORDS_PER_REQUEST, traceIds, bytesPerRecord };
}

interface Template {
  readonly frame: Buffer;
  /** Where the trace ID of each trace stands. */
  readonly traces: readonly (readonly number[])[];
  readonly spans: readonly (readonly number[])[];
  readonly times: readonly number[];
}

/** A gRPC message frame with placeholders, and where they are. */
function template(load: Load, variant: number): Template {
  const marks: { bytes: Buffer; kind: "trace" | "span" | "time"; owner: number }[] = [];
  const mark = (kind: "trace" | "span" | "time", length: number, owner: number) => {
    const bytes = randomFillSync(Buffer.alloc(length));
    marks.push({ bytes, kind, owner });
    return bytes;
  };
  const string = (value: string) => ({ value: { case: "stringValue" as const, value } });
  const logRecords: MessageInitShape<typeof LogRecordSchema>[] = [];
  for (let trace = 0; logRecords.length < RECORDS_PER_REQUEST; trace++) {
    const traceId = mark("trace", 16, trace);
    const spans = HOPS.map((_, hop) => mark("span", 8, trace * 3 + hop));
    HOPS.forEach((hop, depth) => {
      if (logRecords.length === RECORDS_PER_REQUEST) return;
      const code = 20_000 + ((trace + variant * 13) % CODES);
      const message =
        "no delivery range is configured for Mill Lane 3, 21037 Hamburg, product FRESH";
      const time = mark("time", 8, 0);
      const chain = HOPS.slice(0, depth + 1).toReversed();
      const causes = chain.map((name, index) => ({
        value: {
          case: "kvlistValue" as const,
          value: {
            values: Object.entries({
              system: name.split("_")[0] ?? "",
              module: name.split("_")[1] ?? "",
              code: String(code),
              reason: "RANGE_NOT_CONFIGURED",
              message,
              status: "FAILED_PRECONDITION",
              provenance: "RAISED",
              occurred_at: "2026-01-02T03:04:05.678Z",
            })
              .map(([key, value]) => ({ key, value: string(value) as never }))
              .concat({
                key: "branches",
                value: {
                  value: { case: "intValue", value: index < chain.length - 1 ? 1n : 0n },
                } as never,
              }),
          },
        },
      }));
      logRecords.push({
        timeUnixNano: time.readBigUInt64LE(),
        eventName: "rpc.server.call.exception",
        traceId,
        spanId: spans[depth] ?? traceId,
        body: string(message),
        attributes: [
          { key: "error.type", value: string(`${hop}_${code}`) },
          { key: "rpc.method", value: string("route.v1.RouteService/FindRange") },
          ...(load === "chains"
            ? [
                {
                  key: "errchain.causes",
                  value: { value: { case: "arrayValue" as const, value: { values: causes } } },
                },
              ]
            : []),
        ],
      });
    });
  }
  const resource = { attributes: [{ key: "service.name", value: string("bench") }] };
  const message = toBinary(
    ExportLogsServiceRequestSchema,
    create(ExportLogsServiceRequestSchema, {
      resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }],
    }),
  );
  const frame = Buffer.concat([Buffer.alloc(5), message]);
  frame.writeUInt32BE(message.length, 1);
  const traces: number[][] = [];
  const spans: number[][] = [];
  const times: number[] = [];
  for (const { bytes, kind, owner } of marks) {
    for (let at = frame.indexOf(bytes); at !== -1; at = frame.indexOf(bytes, at + 1)) {
      if (kind === "time") {
        times.push(at);
      } else {
        const places = kind === "trace" ? traces : spans;
        places[owner] ??= [];
        places[owner].push(at);
      }
    }
  }
  return { frame, traces, spans, times };
}

function fill({ frame, traces, spans, times }: Template, atMs: number): Buffer {
  const copy = Buffer.from(frame);
  const random = randomFillSync(Buffer.alloc(traces.length * 16 + spans.length * 8));
  let used = 0;
  const place = (places: readonly (readonly number[])[], length: number) => {
    for (const list of places) {
      for (const at of list ?? []) {
        random.copy(copy, at, used, used + length);
      }
      used += length;
    }
  };
  place(traces, 16);
  place(spans, 8);
  const nanos = BigInt(Math.round(atMs * 1000)) * 1000n;
  times.forEach((at, index) => {
    copy.writeBigUInt64LE(nanos + BigInt(index * 1000), at);
  });
  return copy;
}

function send(session: ClientHttp2Session, token: string, frame: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ":method": "POST",
      ":path": "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
      "content-type": "application/grpc",
      te: "trailers",
      authorization: `Bearer ${token}`,
    });
    let status: unknown;
    stream.on("response", (headers) => {
      status = headers["grpc-status"];
    });
    stream.on("trailers", (trailers) => {
      status = trailers["grpc-status"];
    });
    stream.on("error", reject);
    stream.on("close", () => {
      if (String(status) === "0") resolve();
      else reject(new Error(`the hub answered with gRPC status ${status}`));
    });
    stream.resume();
    stream.end(frame);
  });
}
