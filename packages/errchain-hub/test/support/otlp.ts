import { connect, type IncomingHttpHeaders, type OutgoingHttpHeaders } from "node:http2";
import { create, toBinary } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import {
  type ExportLogsServiceRequest,
  ExportLogsServiceRequestSchema,
  LogsService,
} from "../../gen/opentelemetry/proto/collector/logs/v1/logs_service_pb.js";
import type { HubProcess } from "./spawn-hub.ts";

/** A request of log lines, as a collector sends them. */
export function linesRequest(lines: readonly string[]): ExportLogsServiceRequest {
  const logRecords = lines.map((value) => ({
    observedTimeUnixNano: BigInt(Date.now()) * 1_000_000n,
    body: { value: { case: "stringValue" as const, value } },
  }));
  return create(ExportLogsServiceRequestSchema, {
    resourceLogs: [{ scopeLogs: [{ logRecords }] }],
  });
}

export function linesBytes(lines: readonly string[]): Uint8Array<ArrayBuffer> {
  return toBinary(ExportLogsServiceRequestSchema, linesRequest(lines)) as Uint8Array<ArrayBuffer>;
}

/** Posts to /v1/logs. */
export function postLogs(
  { httpUrl, headers }: Pick<HubProcess, "httpUrl" | "headers">,
  body: NonNullable<RequestInit["body"]>,
  more: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${httpUrl}/v1/logs`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf", ...headers, ...more },
    body,
  });
}

export function logsClient({ grpcUrl }: Pick<HubProcess, "grpcUrl">) {
  return createClient(LogsService, createGrpcTransport({ baseUrl: grpcUrl }));
}

/** The headers of an export over gRPC. */
export function exportHeaders(
  { headers }: Pick<HubProcess, "headers">,
  { isGzip = false } = {},
): OutgoingHttpHeaders {
  return {
    ":method": "POST",
    ":path": "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    "content-type": "application/grpc",
    te: "trailers",
    ...(isGzip && { "grpc-encoding": "gzip" }),
    ...headers,
  };
}

/** Sends bytes as the message of an export over gRPC. Gives the headers with its status. */
export async function exportBytes(
  hub: Pick<HubProcess, "grpcUrl" | "headers">,
  bytes: Uint8Array,
  { isGzip = false } = {},
): Promise<IncomingHttpHeaders> {
  const session = connect(hub.grpcUrl, { maxSessionMemory: 1000 }); // for what waits to be sent
  const stream = session.request(exportHeaders(hub, { isGzip }));
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(isGzip ? 1 : 0);
  prefix.writeUInt32BE(bytes.length, 1);
  stream.end(Buffer.concat([prefix, bytes]));
  const status = await new Promise<IncomingHttpHeaders>((resolve, reject) => {
    const take = (headers: IncomingHttpHeaders) => {
      if (headers["grpc-status"] !== undefined) resolve(headers);
    };
    stream.on("response", take).on("trailers", take).on("error", reject).resume();
  });
  session.destroy();
  return status;
}
