import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import {
  Code,
  ConnectError,
  type ConnectRouter,
  type HandlerContext,
  type ServiceImpl,
} from "@connectrpc/connect";
import { HubService } from "../../gen/errchain/hub/v1/hub_pb.js";
import { LogsService } from "../../gen/opentelemetry/proto/collector/logs/v1/logs_service_pb.js";
import { type Ingest, UnavailableError } from "../ingest/ingest.js";
import { type Auth, TOKEN_NEEDED } from "./auth.js";

/** What OTLP receivers commonly accept, after decompression. */
export const MAX_REQUEST_BYTES = 64 * 1024 * 1024;

export function hubRoutes(hub: ServiceImpl<typeof HubService>): (router: ConnectRouter) => void {
  return (router) => router.service(HubService, hub);
}

/** OTLP over gRPC. https://opentelemetry.io/docs/specs/otlp/#otlpgrpc */
export function logsRoutes(ingest: Ingest): (router: ConnectRouter) => void {
  return (router) =>
    router.service(LogsService, {
      async export(request) {
        try {
          const { rejected, problem } = await ingest.take(request);
          return rejected === 0
            ? {}
            : {
                partialSuccess: { rejectedLogRecords: BigInt(rejected), errorMessage: problem },
              };
        } catch (err) {
          throw err instanceof UnavailableError ? unavailableError(err) : err;
        }
      },
    });
}

function unavailableError({ message, retryAfterSeconds }: UnavailableError): ConnectError {
  const error = new ConnectError(message, Code.Unavailable);
  const delay = toBinary(
    DurationSchema,
    create(DurationSchema, { seconds: BigInt(retryAfterSeconds) }),
  );
  // google.rpc.RetryInfo has one field: retry_delay.
  const value = new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(delay).finish();
  error.details.push({ type: "google.rpc.RetryInfo", value });
  return error;
}

/** Turns requests without a token away before their body is read. */
export function tokenGate(auth: Auth): (context: HandlerContext) => void {
  return ({ requestHeader }) => {
    const authorization = requestHeader.get("authorization") ?? undefined;
    if (!auth.allows(authorization, requestHeader.get("cookie") ?? undefined)) {
      throw new ConnectError(TOKEN_NEEDED, Code.Unauthenticated);
    }
  };
}
