import type { Code } from "@connectrpc/connect";
import { type ErrorChain, ErrorChainSchema, Status } from "../../gen/errchain/v1/error_chain_pb.js";
import type { CauseInit } from "../catalog/cause-init.js";
import { isIdentifier } from "../catalog/code-form.js";
import { fieldsOf, googleRpcCause } from "../catalog/google-rpc.js";
import { type ErrorDetail, isBytes } from "../chain/error-chain.js";
import { readChain } from "../chain/read.js";
import { createClassifier, isThrown, privateArgsOf } from "./classifier.js";
import { type FailureStatus, sentenceFor } from "./failure-status.js";

export type { CauseInit, Classifier } from "../catalog/cause-init.js";

/**
 * Names the errors of gRPC clients that are not Connect's: `@grpc/grpc-js`, which
 * Google's client libraries use too, and nice-grpc.
 *
 * Where the peer sent a chain of causes (`grpc-status-details-bin`), that is taken, as a
 * Connect client would. Else the code is the reason of `google.rpc.ErrorInfo`, or the
 * name of the status (`GRPC_UNAVAILABLE`); the module is the service in the domain of an
 * ErrorInfo (`PUBSUB` of `pubsub.googleapis.com`). What else the peer said, and the
 * method where the error tells it, are private args: such a text may be the client's own,
 * with the address of the peer.
 */
export const grpcErrors = createClassifier<CauseInit | ErrorChain>((error) => {
  const { code, details: text, metadata, path } = error;
  const isOfClient = typeof text === "string" && (isMetadata(metadata) || typeof path === "string");
  // google-gax makes its own where it has repeated a call in vain, or got JSON over HTTP.
  const isOfGoogle = "statusDetails" in error;
  const isStatus = typeof code === "number" && code !== 0 && Status[code] !== undefined;
  if (!isStatus || !(isOfClient || isOfGoogle)) {
    return undefined;
  }
  const details = isMetadata(metadata) ? detailsOf(metadata) : [];
  return chainOf(details) ?? causeOf(code, details, path);
});

function chainOf(details: readonly ErrorDetail[]): ErrorChain | undefined {
  for (const detail of details) {
    if ("type" in detail && detail.type === ErrorChainSchema.typeName) {
      const chain = readChain(detail.value);
      return chain.causes.length > 0 ? chain : undefined;
    }
  }
  return undefined;
}

function causeOf(code: Code, details: readonly ErrorDetail[], path: unknown): CauseInit {
  const said = googleRpcCause(details);
  const module = serviceOf(said.privateArgs?.["domain"]);
  const name = Status[code] as keyof typeof Status;
  return {
    system: "GRPC",
    ...(module !== undefined && { module }),
    code: said.code ?? name,
    ...(said.reason !== undefined && { reason: said.reason }),
    status: name,
    message: said.message ?? sentenceFor("a gRPC service", meaningOf(name)),
    privateArgs: privateArgsOf({ ...said.args, ...said.privateArgs, path }),
  };
}

/** The service in the domain of an ErrorInfo, where that names one: AIP-193. */
function serviceOf(domain: string | undefined): string | undefined {
  const [, service = ""] = /^([a-z0-9-]+)\.[^.]+\.[^.]+/.exec(domain ?? "") ?? [];
  const module = service.replaceAll("-", "").toUpperCase();
  return isIdentifier(module) ? module : undefined;
}

function meaningOf(status: keyof typeof Status): FailureStatus {
  switch (status) {
    case "UNAVAILABLE":
    case "RESOURCE_EXHAUSTED":
    case "ABORTED":
    case "DEADLINE_EXCEEDED":
      return status;
    default:
      return "INTERNAL";
  }
}

/** What grpc-js calls Metadata. */
interface Metadata {
  get(key: string): unknown;
}

function isMetadata(value: unknown): value is Metadata {
  return isThrown(value) && typeof value["get"] === "function";
}

/** The details of a google.rpc.Status, which gRPC sends in this header. None if it does not decode. */
function detailsOf(metadata: Metadata): ErrorDetail[] {
  const values = metadata.get("grpc-status-details-bin");
  const bytes: unknown = Array.isArray(values) ? values[0] : undefined;
  if (!isBytes(bytes)) {
    return [];
  }
  try {
    return (fieldsOf(bytes).get(DETAILS) ?? []).map((any) => {
      const fields = fieldsOf(any);
      const [typeUrl] = fields.get(TYPE_URL) ?? [];
      const [value = new Uint8Array()] = fields.get(VALUE) ?? [];
      return { type: new TextDecoder().decode(typeUrl).replace(/^.*\//, ""), value };
    });
  } catch {
    return [];
  }
}

/** Fields of google.rpc.Status and of google.protobuf.Any. */
const DETAILS = 3;
const TYPE_URL = 1;
const VALUE = 2;
