import { isConnectionCode } from "../chain/connection-codes.js";
import { isThrown, privateArgsOf, type Thrown } from "./classifier.js";
import type { FailureStatus } from "./failure-status.js";

/** What Node.js says of a failed system call: https://nodejs.org/api/errors.html#class-systemerror. */
export interface SystemError {
  /** `"ECONNREFUSED"`. */
  readonly code: string;
  /** `"connect"`. Some connection errors have none: `socket hang up`. */
  readonly syscall: string | undefined;
  /** Of files and processes only. */
  readonly path: string | undefined;
  /** Where the error has it: address, port, path, … */
  readonly privateArgs: Readonly<Record<string, string>>;
}

/** The system error that a value is; undefined if it is none. */
export function systemErrorOf(error: Thrown): SystemError | undefined {
  // Calls of node:os say what happened in `info`.
  const { info } = error;
  const { code: said } = error["code"] === "ERR_SYSTEM_ERROR" && isThrown(info) ? info : error;
  // One of OpenSSL has a slash: `ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE`.
  const code = typeof said === "string" ? said.replaceAll("/", "_") : "";
  if (!/^[A-Z][A-Z0-9_]{2,62}$/.test(code)) {
    return undefined;
  }
  // For a name with several addresses Node.js tries each, and the errors are in one
  // AggregateError that has the code of the first.
  const { errors } = error;
  const attempt: unknown = Array.isArray(errors) ? errors[0] : error;
  const { syscall, path, dest, address, port, hostname, errno } = isThrown(attempt)
    ? attempt
    : error;
  const isOfCall = typeof syscall === "string" && /^E[A-Z0-9]/.test(code);
  if (!isOfCall && !isConnectionCode(code)) {
    return undefined;
  }
  return {
    code,
    syscall: typeof syscall === "string" ? syscall : undefined,
    path: typeof path === "string" ? path : undefined,
    privateArgs: privateArgsOf({ syscall, errno, path, dest, address, port, hostname }),
  };
}

/** What the code of a failed system call means. */
export function statusOfCode(code: string): FailureStatus {
  if (isConnectionCode(code)) {
    return "UNAVAILABLE";
  }
  if (EXHAUSTED_CODES.has(code)) {
    return "RESOURCE_EXHAUSTED";
  }
  return BUSY_CODES.has(code) ? "ABORTED" : "INTERNAL";
}

const EXHAUSTED_CODES: ReadonlySet<string> = new Set([
  "EAGAIN",
  "EDQUOT",
  "EMFILE",
  "ENFILE",
  "ENOBUFS",
  "ENOMEM",
  "ENOSPC",
]);

const BUSY_CODES: ReadonlySet<string> = new Set(["EBUSY", "EDEADLK", "ETXTBSY"]);
