import { create, getOption } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { type BuiltinError, BuiltinErrorSchema } from "../../gen/errchain/v1/builtin_errors_pb.js";
import { error } from "../../gen/errchain/v1/catalog_pb.js";
import {
  type Cause,
  CauseSchema,
  type Provenance,
  type Status,
  Visibility,
} from "../../gen/errchain/v1/error_chain_pb.js";
import type { Component } from "./component.js";

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
export function builtinCause(code: BuiltinError, init: BuiltinCauseInit): Cause {
  const { reason, status, message } = declarationOf(code);
  return create(CauseSchema, {
    system: init.component.system,
    module: init.component.module,
    code: String(code),
    reason,
    message: init.message || message,
    privateArgs: init.privateArgs ?? {},
    provenance: init.provenance,
    visibility: Visibility.INTERNAL,
    status: init.status ?? status,
    occurredAt: timestampNow(),
  });
}

interface Declaration {
  readonly reason: string;
  readonly status: Status;
  readonly message: string;
}

const declarations = new Map<BuiltinError, Declaration>();

function declarationOf(code: BuiltinError): Declaration {
  let declaration = declarations.get(code);
  if (declaration === undefined) {
    const value = BuiltinErrorSchema.value[code];
    const { status, message } = getOption(value, error);
    declaration = { reason: value.localName, status: status as number, message };
    declarations.set(code, declaration);
  }
  return declaration;
}
