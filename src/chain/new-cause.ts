import { protoInt64 } from "@bufbuild/protobuf";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import {
  type Cause,
  type Provenance,
  type Retry,
  type Status,
  Visibility,
} from "../../gen/errchain/v1/error_chain_pb.js";

/** What is said of a cause when it is made; the hop that answers with it adds the rest. */
export interface NewCause {
  readonly system: string;
  readonly module: string;
  readonly code: string;
  readonly reason: string;
  readonly message: string;
  readonly args?: Record<string, string>;
  readonly privateArgs?: Record<string, string> | undefined;
  readonly provenance: Provenance;
  readonly visibility?: Visibility;
  readonly status: Status;
  readonly retry?: Retry | undefined;
  readonly help?: string;
}

const NO_BYTES = new Uint8Array();

/**
 * A cause that occurs now. The same as create() gives, written as a literal: of the
 * objects that create() fills in field by field, V8 makes dictionaries, and to copy
 * one of those takes longer than to make and to send it.
 */
export function newCause(said: NewCause): Cause {
  const cause: Cause = {
    $typeName: "errchain.v1.Cause",
    system: said.system,
    module: said.module,
    code: said.code,
    reason: said.reason,
    message: said.message,
    args: said.args ?? {},
    privateArgs: said.privateArgs ?? {},
    provenance: said.provenance,
    visibility: said.visibility ?? Visibility.INTERNAL,
    status: said.status,
    procedure: "",
    spanId: NO_BYTES,
    occurredAt: now(),
    branches: 0,
    elided: 0,
    inferred: false,
    help: said.help ?? "",
  };
  if (said.retry !== undefined) {
    cause.retry = said.retry;
  }
  return cause;
}

function now(): Timestamp {
  const ms = Date.now();
  return {
    $typeName: "google.protobuf.Timestamp",
    seconds: protoInt64.parse(Math.floor(ms / 1000)),
    nanos: (ms % 1000) * 1_000_000,
  };
}
