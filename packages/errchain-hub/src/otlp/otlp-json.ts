import { Buffer } from "node:buffer";
import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import {
  type ExportLogsServiceRequest,
  ExportLogsServiceRequestSchema,
} from "../../gen/opentelemetry/proto/collector/logs/v1/logs_service_pb.js";
import { LogRecordSchema } from "../../gen/opentelemetry/proto/logs/v1/logs_pb.js";
import { checkRecordCount } from "./request-limits.js";

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
  const json: JsonValue = JSON.parse(text);
  const lists = recordLists(json);
  checkRecordCount(lists.reduce((sum, { length }) => sum + length, 0));
  makeReadable(json);
  try {
    return { request: readRequest(json), rejected: 0, problem: "" };
  } catch (err) {
    const { rejected, problem } = removeBadRecords(lists);
    if (rejected === 0) throw err;
    return { request: readRequest(json), rejected, problem };
  }
}

const OPTIONS = { ignoreUnknownFields: true };

function readRequest(json: JsonValue): ExportLogsServiceRequest {
  return fromJson(ExportLogsServiceRequestSchema, json, OPTIONS);
}

/** The arrays of log records in a request. */
function recordLists(json: JsonValue): JsonValue[][] {
  return list(json, "resourceLogs", "resource_logs")
    .flatMap((resource) => list(resource, "scopeLogs", "scope_logs"))
    .map((scope) => list(scope, "logRecords", "log_records"));
}

/** The array in a field, under either of its names; an empty one if there is none. */
function list(json: JsonValue, ...names: readonly string[]): JsonValue[] {
  const fields = typeof json === "object" && json !== null && !Array.isArray(json) ? json : {};
  return names.map((name) => fields[name]).find(Array.isArray) ?? [];
}

/** Changes the texts in a value into what Protobuf reads. */
function makeReadable(value: JsonValue): void {
  if (typeof value !== "object" || value === null) {
    return;
  }
  // Not the second argument of JSON.parse(): that takes ten times as long.
  const fields = value as Record<string, JsonValue>;
  for (const key of Object.keys(fields)) {
    const field = fields[key] ?? null;
    if (typeof field === "string") {
      // Senders cut texts within a character, and a Protobuf text must be well-formed.
      fields[key] = ID_FIELDS.has(key) ? hexToBase64(field) : field.toWellFormed();
    } else {
      makeReadable(field);
    }
  }
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
function removeBadRecords(lists: readonly JsonValue[][]): { rejected: number; problem: string } {
  let rejected = 0;
  let problem = "";
  for (const records of lists) {
    let kept = 0;
    for (const record of records) {
      try {
        fromJson(LogRecordSchema, record, OPTIONS);
        records[kept++] = record;
      } catch (err) {
        rejected++;
        problem ||= err instanceof Error ? err.message : String(err);
      }
    }
    records.length = kept;
  }
  return { rejected, problem };
}
