import { Buffer } from "node:buffer";
import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import {
  type ExportLogsServiceRequest,
  ExportLogsServiceRequestSchema,
} from "../../gen/opentelemetry/proto/collector/logs/v1/logs_service_pb.js";

/**
 * Reads a request in OTLP's JSON. It is that of Protobuf, but for trace and span
 * IDs in hex, which Protobuf would take for base64 without a complaint. Throws an
 * Error that says what is wrong.
 * https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
export function readOtlpJson(text: string): ExportLogsServiceRequest {
  const json = JSON.parse(text, (key, value) =>
    ID_FIELDS.has(key) && typeof value === "string" ? hexToBase64(value) : value,
  ) as JsonValue;
  return fromJson(ExportLogsServiceRequestSchema, json, { ignoreUnknownFields: true });
}

// No other field of the messages that we read has one of these names.
const ID_FIELDS = new Set(["traceId", "spanId", "trace_id", "span_id"]);

function hexToBase64(value: string): string {
  return value.length % 2 !== 0 || /[^0-9a-f]/i.test(value)
    ? BAD_ID
    : Buffer.from(value, "hex").toString("base64");
}

/** A single byte is no ID: its record is rejected, and not the whole request. */
const BAD_ID = Buffer.alloc(1).toString("base64");
