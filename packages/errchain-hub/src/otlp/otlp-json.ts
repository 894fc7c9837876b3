import { Buffer } from "node:buffer";
import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import {
  type ExportLogsServiceRequest,
  ExportLogsServiceRequestSchema,
} from "../../gen/opentelemetry/proto/collector/logs/v1/logs_service_pb.js";
import { LogRecordSchema } from "../../gen/opentelemetry/proto/logs/v1/logs_pb.js";

/** What a request in JSON holds. */
export interface OtlpJson {
  readonly request: ExportLogsServiceRequest;
  /** How many of its log records cannot be read; they are not in the request. */
  readonly rejected: number;
  /** Why, for the first of them. */
  readonly problem: string;
}

/**
 * Reads a request in OTLP's JSON. It is that of Protobuf, but for trace and span
 * IDs in hex, which Protobuf would take for base64 without a complaint. Throws an
 * Error that says what is wrong.
 * https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
export function readOtlpJson(text: string): OtlpJson {
  const json = JSON.parse(text, readValue) as JsonValue;
  try {
    return { request: readRequest(json), rejected: 0, problem: "" };
  } catch (err) {
    const { rejected, problem } = removeBadRecords(json);
    if (rejected === 0) throw err;
    return { request: readRequest(json), rejected, problem };
  }
}

const OPTIONS = { ignoreUnknownFields: true };

function readRequest(json: JsonValue): ExportLogsServiceRequest {
  return fromJson(ExportLogsServiceRequestSchema, json, OPTIONS);
}

function readValue(key: string, value: unknown): unknown {
  if (typeof value !== "string") {
    return value;
  }
  // Senders cut texts within a character, and a Protobuf text must be well-formed.
  return ID_FIELDS.has(key) ? hexToBase64(value) : value.toWellFormed();
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

/** Removes the log records that cannot be read, so that the others can. */
function removeBadRecords(json: JsonValue): { rejected: number; problem: string } {
  let rejected = 0;
  let problem = "";
  const isReadable = (record: JsonValue) => {
    try {
      fromJson(LogRecordSchema, record, OPTIONS);
      return true;
    } catch (err) {
      rejected++;
      problem ||= err instanceof Error ? err.message : String(err);
      return false;
    }
  };
  for (const resource of list(json, "resourceLogs", "resource_logs")) {
    for (const scope of list(resource, "scopeLogs", "scope_logs")) {
      const records = list(scope, "logRecords", "log_records");
      let kept = 0;
      for (const record of records) {
        if (isReadable(record)) records[kept++] = record;
      }
      records.length = kept;
    }
  }
  return { rejected, problem };
}

/** The array in a field, under either of its names; an empty one if there is none. */
function list(json: JsonValue, ...names: readonly string[]): JsonValue[] {
  const fields = typeof json === "object" && json !== null && !Array.isArray(json) ? json : {};
  const value = names.map((name) => fields[name]).find(Array.isArray);
  return value ?? [];
}
