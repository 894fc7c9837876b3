import type { IncomingMessage, ServerResponse } from "node:http";
import { createGunzip } from "node:zlib";
import { create, fromBinary, toBinary, toJsonString } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import {
  ExportLogsServiceRequestSchema,
  ExportLogsServiceResponseSchema,
} from "../../gen/opentelemetry/proto/collector/logs/v1/logs_service_pb.js";
import { type Ingest, type IngestResult, UnavailableError } from "../ingest/ingest.js";
import { type OtlpJson, readOtlpJson } from "../otlp/otlp-json.js";
import { type Auth, TOKEN_NEEDED } from "./auth.js";
import { MAX_REQUEST_BYTES } from "./rpc-routes.js";

/** So many bytes of requests are held at a time; who sends more is told to come again. */
const MAX_HELD_BYTES = 4 * MAX_REQUEST_BYTES;

/**
 * OTLP over HTTP: POST /v1/logs, Protobuf or JSON, plain or gzip.
 * https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
export function createOtlpHttp(
  auth: Auth,
  ingest: Ingest,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  let heldBytes = 0;

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
    let counted = 0;
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
      const chunks: Buffer[] = [];
      for await (const chunk of contentOf(request, encoding)) {
        counted += chunk.length;
        heldBytes += chunk.length;
        if (counted > MAX_REQUEST_BYTES) {
          throw new BadRequestError(413, TOO_LARGE);
        }
        if (heldBytes > MAX_HELD_BYTES) {
          throw new UnavailableError("too many requests at a time", 1, true);
        }
        chunks.push(chunk);
      }
      const { request: message, ...unread } = readRequest(Buffer.concat(chunks), format);
      answer(200, responseBody(format, await ingest.take(message, unread)));
    } catch (err) {
      if (err instanceof UnavailableError) {
        const headers = { "retry-after": String(err.retryAfterSeconds) };
        fail(err.isOverload ? 429 : 503, UNAVAILABLE, err.message, headers);
      } else if (err instanceof BadRequestError) {
        fail(err.status, err.status === 413 ? RESOURCE_EXHAUSTED : INVALID_ARGUMENT, err.message);
      } else if (!request.destroyed || request.complete) {
        fail(500, INTERNAL, "the hub has failed; see its log");
        throw err;
      }
    } finally {
      heldBytes -= counted;
    }
  };
}

const INVALID_ARGUMENT = 3;
const RESOURCE_EXHAUSTED = 8;
const UNIMPLEMENTED = 12;
const INTERNAL = 13;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;
const TOO_LARGE = `the request is larger than ${MAX_REQUEST_BYTES} bytes; send less at a time`;

class BadRequestError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * The content of a request as it comes in, decompressed. Whoever does not want the
 * rest can still answer.
 */
async function* contentOf(request: IncomingMessage, encoding: string): AsyncIterable<Buffer> {
  if (encoding !== "gzip") {
    yield* request.iterator({ destroyOnReturn: false });
    return;
  }
  const content = createGunzip();
  // A sender that goes away; pipeline() would hang up on one whose body is no gzip.
  request.once("error", (err) => content.destroy(err));
  try {
    yield* request.pipe(content);
  } catch (err) {
    const isSendersFault = (err as NodeJS.ErrnoException).code?.startsWith("Z_");
    throw isSendersFault ? new BadRequestError(400, "the body is no gzip") : err;
  }
}

function readRequest(body: Buffer, format: "json" | "binary"): OtlpJson {
  try {
    if (format === "json") {
      return readOtlpJson(body.toString("utf8"));
    }
    const request = fromBinary(ExportLogsServiceRequestSchema, body);
    return { request, rejected: 0, problem: "" };
  } catch (err) {
    const message = err instanceof Error ? err.message : String(err);
    throw new BadRequestError(400, `the body is no ExportLogsServiceRequest: ${message}`);
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
