import { Code } from "@connectrpc/connect";
import type { Attributes } from "@opentelemetry/api";
import { Status } from "../../gen/errchain/v1/error_chain_pb.js";

// Names of OpenTelemetry's semantic conventions, version 1.45. They are written out
// because the package that has them would be one more peer.
// https://opentelemetry.io/docs/specs/semconv/rpc/

export const ATTR_RPC_SYSTEM_NAME = "rpc.system.name";
export const ATTR_RPC_METHOD = "rpc.method";
export const ATTR_RPC_STATUS_CODE = "rpc.status_code";
export const ATTR_ERROR_TYPE = "error.type";
export const ATTR_SERVER_ADDRESS = "server.address";
export const ATTR_SERVER_PORT = "server.port";

/** Who speaks, in traces, events and metrics: the "instrumentation scope". */
export const SCOPE_NAME = "errchain";

/** The RPC system, as OpenTelemetry names it. */
export type RpcSystem = "grpc" | "connectrpc";

/** The RPC system by the header `content-type`; Connect's GET requests have none. */
export function rpcSystemOf(contentType: string | null): RpcSystem {
  return contentType?.startsWith("application/grpc") ? "grpc" : "connectrpc";
}

/** A status by the name that it has in its protocol. */
export function statusName(status: Code, system: RpcSystem): string {
  const name = Status[status] ?? "UNKNOWN";
  if (system === "connectrpc") {
    return name.toLowerCase();
  }
  return status === Code.Canceled ? "CANCELLED" : name; // gRPC's own spelling
}

/**
 * What is known at the end of a call only: its protocol, which a caller learns from
 * the answer, and the status. Connect has no name for success.
 */
export function endAttributes(system: RpcSystem, status: Code | undefined): Attributes {
  const ok = system === "grpc" ? { [ATTR_RPC_STATUS_CODE]: "OK" } : {};
  return {
    [ATTR_RPC_SYSTEM_NAME]: system,
    ...(status === undefined ? ok : { [ATTR_RPC_STATUS_CODE]: statusName(status, system) }),
  };
}

/**
 * Whether a span or a metric counts a status as an error. To a client every one is;
 * to a server those that are not the caller's fault.
 */
export function countsAsError(status: Code, kind: "server" | "client"): boolean {
  return kind === "client" || SERVER_ERRORS.has(status);
}

const SERVER_ERRORS: ReadonlySet<Code> = new Set([
  Code.Unknown,
  Code.DeadlineExceeded,
  Code.Unimplemented,
  Code.Internal,
  Code.Unavailable,
  Code.DataLoss,
]);
