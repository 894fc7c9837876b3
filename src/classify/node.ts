import { isConnectionCode } from "../chain/connection-codes.js";
import { createClassifier } from "./classifier.js";
import { type FailureStatus, sentenceFor } from "./failure-status.js";
import { type SystemError, statusOfCode, systemErrorOf } from "./system-error.js";

export type { CauseInit, Classifier } from "../catalog/cause-init.js";

/**
 * Names the system errors of Node.js: failed calls of the file system
 * (`FILESYSTEM_ENOSPC`), of connections and name lookups (`NETWORK_ECONNREFUSED`),
 * of processes (`PROCESS_ENOENT`), and others (`NODE_…`). Paths and addresses are
 * private args.
 *
 * List it last: drivers pass such errors on, and the classifier of a driver can
 * name the system that was to be reached.
 */
export const nodeErrors = createClassifier((error) => {
  const found = systemErrorOf(error);
  if (found === undefined) {
    return undefined;
  }
  const system = systemOf(found);
  const status = statusIn(system, found);
  const { code, privateArgs } = found;
  return { system, code, status, message: sentenceFor(SUBJECTS[system], status), privateArgs };
});

const SUBJECTS = {
  FILESYSTEM: "the file system",
  NETWORK: "a system on the network",
  PROCESS: "another process",
  NODE: "the operating system",
} as const;

type System = keyof typeof SUBJECTS;

function systemOf({ code, syscall = "", path }: SystemError): System {
  if (/^(spawn|kill|fork|exec)/.test(syscall)) {
    return "PROCESS";
  }
  // A file on a network drive has a path, and may time out too.
  if (path === undefined && (isConnectionCode(code) || NETWORK_CALL.test(syscall))) {
    return "NETWORK";
  }
  return path !== undefined || FILE_CALL.test(syscall) ? "FILESYSTEM" : "NODE";
}

/** `query…` and `getHostByAddr` are of dns.resolve…(). */
const NETWORK_CALL =
  /^(connect|bind|listen|accept|getaddrinfo|getnameinfo|getHostByAddr|query|send|recv|shutdown)/;

/** Calls with an open file, whose errors have no path. */
const FILE_CALL =
  /^(read|write|close|fstat|fsync|fdatasync|ftruncate|fchmod|fchown|futime|copy_file_range|sendfile)/;

function statusIn(system: System, { code, syscall = "" }: SystemError): FailureStatus {
  const status = statusOfCode(code);
  // Connecting fails with codes of files too: to a socket that is not there, ENOENT.
  const isCallTo = NETWORK_CALL.test(syscall) && !/^(bind|listen|accept)/.test(syscall);
  if (system === "NETWORK") {
    return status === "INTERNAL" && isCallTo ? "UNAVAILABLE" : status;
  }
  return status;
}
