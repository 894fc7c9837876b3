import { BuiltinErrorCatalog } from "../../gen/errchain/v1/builtin_errors_errchain.js";
import type { BuiltinError } from "../../gen/errchain/v1/builtin_errors_pb.js";
import type { Cause, Provenance, Status } from "../../gen/errchain/v1/error_chain_pb.js";
import { newCause } from "../chain/new-cause.js";
import type { Component } from "./component.js";

/** One of the codes that mean the same in every system. */
export type BuiltinCode = Exclude<BuiltinError, BuiltinError.UNSPECIFIED>;

/** What varies between two causes of the same built-in code. */
export interface BuiltinCauseInit {
  /** Who failed. */
  readonly component: Component;
  readonly provenance: Provenance;
  /** Default: that of the code. */
  readonly status?: Status;
  /** Default: that of the code. */
  readonly message?: string;
  /** Default: none. */
  readonly privateArgs?: Record<string, string>;
}

/** A cause of one of the codes that mean the same in every system, see builtin_errors.proto. */
export function builtinCause(code: BuiltinCode, init: BuiltinCauseInit): Cause {
  const { reason, status, message } = BuiltinErrorCatalog[code];
  return newCause({
    system: init.component.system,
    module: init.component.module,
    code: String(code),
    reason,
    message: init.message || message,
    privateArgs: init.privateArgs,
    provenance: init.provenance,
    status: init.status ?? status,
  });
}
