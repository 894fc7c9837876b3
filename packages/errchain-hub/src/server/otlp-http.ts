import type { IncomingMessage, ServerResponse } from "node:http";
import { create, fromBinary, toBinary, toJsonString } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import {
  ExportLogsServiceRequestSchema,
  ExportLogsServiceResponseSchema,
} from "../../gen/opentelemetry/proto/collector/logs/v1/logs_service_pb.js";
import { type Ingest, type IngestResult, UnavailableError } from "../ingest/ingest.js";
import { BadRequestError } from "../otlp/bad-request-error.js";
import { type OtlpJson, readOtlpJson } from "../otlp/otlp-json.js";
import { decodedSizeOfJson, decodedSizeOfProtobuf } from "../otlp/request-limits.js";
import { type Auth, TOKEN_NEEDED } from "./auth.js";
import type { HeldBytes } from "./held-bytes.js";
import { readBody, unzipped } from "./read-body.js";

/**
 * OTLP over HTTP: POST /v1/logs, Protobuf or JSON, plain or gzip.
 * https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
export function createOtlpHttp(
  auth: Auth,
  held: HeldBytes,
  ingest: Ingest,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const type = request.headers["content-type"]?.split(";")[0]?.trim().toLowerCase() ?? "";
    const format = type === "application/json" ? "json" : "binary";
    const answer = (status: number, body: string | Uint8Array, headers = {}) => {
      response.writeHead(status, {
        "content-type": format === "json" ? "application/json" : "application/x-protobuf",
        ...headers,
      });
      response.end(body);
    };
    const fail = (status: number, code: number, message: string, headers = {}) => {
      // The rest of the body is of no interest, but the answer must get through.
      request.resume();
      answer(status, statusBody(format, code, message), { connection: "close", ...headers });
    };
    const hold = held.hold();
    try {
      const { authorization, cookie } = request.headers;
      if (!auth.allows(authorization, cookie)) {
        return fail(401, UNAUTHENTICATED, TOKEN_NEEDED, { "www-authenticate": "Bearer" });
      }
      if (request.method !== "POST") {
        return fail(405, UNIMPLEMENTED, "only POST is possible here", { allow: "POST" });
      }
      if (type !== "application/json" && type !== "application/x-protobuf") {
        const expected = "application/x-protobuf or application/json";
        return fail(415, INVALID_ARGUMENT, `the content type must be ${expected}`);
      }
      const encoding = request.headers["content-encoding"] ?? "identity";
      if (encoding !== "gzip" && encoding !== "identity") {
        return fail(415, INVALID_ARGUMENT, "the content encoding must be gzip, or none");
      }
      const content =
        encoding === "gzip" ? unzipped(request) : request.iterator({ destroyOnReturn: false });
      const body = await readBody(content, hold);
      hold.add(format === "json" ? decodedSizeOfJson(body) : decodedSizeOfProtobuf(body));
      const { request: message, ...unread } = readRequest(body, format);
      answer(200, responseBody(format, await ingest.take(message, unread)));
    } catch (err) {
      if (err instanceof UnavailableError) {
        const headers = { "retry-after": String(err.retryAfterSeconds) };
        fail(err.isOverload ? 429 : 503, UNAVAILABLE, err.message, headers);
      } else if (err instanceof BadRequestError) {
        const [status, code] = err.isTooLarge ? [413, RESOURCE_EXHAUSTED] : [400, INVALID_ARGUMENT];
        fail(status, code, err.message);
      } else if (!request.destroyed || request.complete) {
        fail(500, INTERNAL, "the hub has failed; see its log");
        throw err;
      }
    } finally {
      hold.release();
    }
  };
}

const INVALID_ARGUMENT = 3;
const RESOURCE_EXHAUSTED = 8;
const UNIMPLEMENTED = 12;
const INTERNAL = 13;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;

function readRequest(body: Buffer, format: "json" | "binary"): OtlpJson {
  try {
    if (format === "json") {
      return readOtlpJson(body.toString("utf8"));
    }
    const request = fromBinary(ExportLogsServiceRequestSchema, body, {
      readUnknownFields: false,
    });
    return { request, rejected: 0, problem: "" };
  } catch (err) {
    if (err instanceof BadRequestError) throw err;
    const message = err instanceof Error ? err.message : String(err);
    throw new BadRequestError(`the body is no ExportLogsServiceRequest: ${message}`);
  }
}

function responseBody(
  format: "json" | "binary",
  { rejected, problem }: IngestResult,
): string | Uint8Array {
  const response = create(
    ExportLogsServiceResponseSchema,
    rejected === 0
      ? {}
      : { partialSuccess: { rejectedLogRecords: BigInt(rejected), errorMessage: problem } },
  );
  return format === "json"
    ? toJsonString(ExportLogsServiceResponseSchema, response)
    : toBinary(ExportLogsServiceResponseSchema, response);
}

/** A google.rpc.Status, which OTLP wants as the body of every error. */
function statusBody(format: "json" | "binary", code: number, message: string): string | Uint8Array {
  return format === "json"
    ? JSON.stringify({ code, message })
    : new BinaryWriter()
        .tag(1, WireType.Varint)
        .int32(code)
        .tag(2, WireType.LengthDelimited)
        .string(message)
        .finish();
}
