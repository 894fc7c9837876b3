import type { Code } from "@connectrpc/connect";
import {
  type Cause,
  type ErrorChain,
  Provenance,
  Status,
} from "../../gen/errchain/v1/error_chain_pb.js";
import { newCause } from "../chain/new-cause.js";
import { privateText, textOf } from "../chain/thrown.js";
import { isIdentifier, isShortCode } from "./code-form.js";

/**
 * What failed in this process, or in a system that is no RPC service: a database, a
 * queue, a file system.
 */
export interface CauseInit {
  /** `"POSTGRES"`. Form: `[A-Z][A-Z0-9]{0,31}`. */
  readonly system: string;
  /** Which part of it. Form as `system`. Default: none. */
  readonly module?: string;
  /** That system's own code: `"23505"`. Form: `[A-Z0-9_]{1,63}`. */
  readonly code: string | number;
  /** The code's name: `"UNIQUE_VIOLATION"`. Form as `code`. Default: none. */
  readonly reason?: string;
  /** One plain sentence, with nothing in it that is private. Default: none. */
  readonly message?: string;
  /** What it means for the request, from either enum or by name. Default: `"INTERNAL"`. */
  readonly status?: Code | Status | keyof typeof Status;
  /** Values that may leave with `message`. Default: none. */
  readonly args?: Readonly<Record<string, string>>;
  /** Values for engineers, besides the text of the error, which is `error`. Default: none. */
  readonly privateArgs?: Readonly<Record<string, string>>;
}

/**
 * Names failures other than those of Connect: gives what a thrown value is, the chain of
 * causes that it carries in a form of its own, or undefined where it does not know. It
 * is asked about the value that a handler throws, and about what that one names as its
 * causes, the outermost first.
 */
export type Classifier = (reason: unknown) => CauseInit | ErrorChain | undefined;

/** The cause for a failure that a classifier has named. Throws a TypeError if it is malformed. */
export function observedCause(init: CauseInit, failure: unknown): Cause {
  const { system, module = "", reason = "", status = "INTERNAL" } = init;
  const code = String(init.code);
  const statusNumber = typeof status === "string" ? Status[status] : (status as number);
  if (!isIdentifier(system) || (module !== "" && !isIdentifier(module)) || !isShortCode(code)) {
    throw new TypeError(
      `classify gave system ${textOf(system)}, module ${textOf(module)}, code ${code}; ` +
        "the forms are [A-Z][A-Z0-9]{0,31} for the first two, [A-Z0-9_]{1,63} for the code",
    );
  }
  return newCause({
    system,
    module,
    code,
    reason: isShortCode(reason) ? reason : "",
    message: textOf(init.message ?? "").toWellFormed(),
    args: { ...init.args },
    privateArgs: { error: privateText(failure), ...init.privateArgs },
    provenance: Provenance.OBSERVED,
    status: statusNumber in Status && statusNumber > 0 ? statusNumber : Status.INTERNAL,
  });
}
