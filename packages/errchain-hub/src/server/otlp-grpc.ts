import { constants, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import { Readable } from "node:stream";
import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createConnectRouter } from "@connectrpc/connect";
import {
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from "@connectrpc/connect-node";
import { LogsService } from "../../gen/opentelemetry/proto/collector/logs/v1/logs_service_pb.js";
import { type Ingest, UnavailableError } from "../ingest/ingest.js";
import { BadRequestError } from "../otlp/bad-request-error.js";
import { decodedSizeOfProtobuf } from "../otlp/request-limits.js";
import type { Auth } from "./auth.js";
import type { HeldBytes, Hold } from "./held-bytes.js";
import { MAX_REQUEST_BYTES, REQUEST_TIMEOUT_MS, readBody, unzipped } from "./read-body.js";
import { tokenGate } from "./rpc-routes.js";

export interface OtlpGrpcOptions {
  readonly auth: Auth;
  readonly held: HeldBytes;
  readonly ingest: Ingest;
  readonly shutdownSignal: AbortSignal;
  readonly onError: (err: unknown) => void;
}

export interface OtlpGrpc {
  /** The path of its only method. */
  readonly path: string;
  handle(request: Http2ServerRequest, response: Http2ServerResponse): void;
}

/**
 * OTLP over gRPC. The message is read here and not by Connect, which would hold as
 * much as comes in, and decode whatever it is.
 * https://opentelemetry.io/docs/specs/otlp/#otlpgrpc
 */
export function createOtlpGrpc(options: OtlpGrpcOptions): OtlpGrpc {
  const { auth, held, ingest, shutdownSignal, onError } = options;
  const router = createConnectRouter({
    grpcWeb: false,
    connect: false,
    acceptCompression: [compressionGzip],
    binaryOptions: { readUnknownFields: false },
    requestGate: tokenGate(auth),
    readMaxBytes: MAX_REQUEST_BYTES,
    shutdownSignal,
  });
  router.rpc(LogsService.method.export, async (request) => {
    try {
      const { rejected, problem } = await ingest.take(request);
      return rejected === 0
        ? {}
        : { partialSuccess: { rejectedLogRecords: BigInt(rejected), errorMessage: problem } };
    } catch (err) {
      throw connectError(err);
    }
  });
  const [handler] = router.handlers;
  if (handler === undefined) {
    throw new Error("the router has no handler for the method that it was given");
  }
  return {
    path: handler.requestPath,
    handle(request, response) {
      const hold = held.hold();
      const timer = setTimeout(() => request.stream.close(CANCEL), REQUEST_TIMEOUT_MS);
      response.once("close", () => {
        clearTimeout(timer);
        hold.release();
      });
      handler({
        ...universalRequestFromNodeRequest(request, response, undefined, undefined),
        body: frameOf(request, hold),
      })
        .then((answer) => universalResponseToNodeResponse(answer, response))
        .catch((err: unknown) => {
          if (ConnectError.from(err).code !== Code.Aborted) onError(err);
        });
    },
  };
}

const CANCEL = constants.NGHTTP2_CANCEL;
const PREFIX_BYTES = 5;

/** The one message of a request, decompressed, behind the five bytes that gRPC has before it. */
async function* frameOf(request: Http2ServerRequest, hold: Hold): AsyncIterable<Uint8Array> {
  try {
    if (request.headers["content-type"]?.includes("json")) {
      throw new BadRequestError("OTLP has no JSON over gRPC");
    }
    // Whoever is refused while sending still gets the answer.
    const frame = await readBody(request.iterator({ destroyOnReturn: false }), hold);
    const length = frame.length < PREFIX_BYTES ? 0 : frame.readUInt32BE(1);
    if (frame.length !== PREFIX_BYTES + length) {
      throw new BadRequestError("the request is not one whole message");
    }
    const content = frame.subarray(PREFIX_BYTES);
    const isCompressed = frame[0] === 1;
    const message = isCompressed
      ? await readBody(unzipped(Readable.from([content])), hold)
      : content;
    hold.add(decodedSizeOfProtobuf(message));
    const prefix = Buffer.alloc(PREFIX_BYTES);
    prefix.writeUInt32BE(message.length, 1);
    yield prefix;
    yield message;
  } catch (err) {
    request.resume(); // the rest is of no interest
    hold.release(); // at once: others who need the room need not be refused too
    throw connectError(err);
  }
}

function connectError(err: unknown): unknown {
  if (err instanceof BadRequestError) {
    return new ConnectError(
      err.message,
      err.isTooLarge ? Code.ResourceExhausted : Code.InvalidArgument,
    );
  }
  if (!(err instanceof UnavailableError)) {
    return err;
  }
  const error = new ConnectError(err.message, Code.Unavailable);
  const delay = toBinary(
    DurationSchema,
    create(DurationSchema, { seconds: BigInt(err.retryAfterSeconds) }),
  );
  // google.rpc.RetryInfo has one field: retry_delay. Without it, OTLP's senders take
  // some codes for final.
  const value = new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(delay).finish();
  error.details.push({ type: "google.rpc.RetryInfo", value });
  return error;
}
