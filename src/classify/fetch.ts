import { createClassifier, isThrown, privateArgsOf, type Thrown } from "./classifier.js";
import { type FailureStatus, sentenceFor } from "./failure-status.js";
import { statusOfCode, systemErrorOf } from "./system-error.js";

export type { CauseInit, Classifier } from "../catalog/cause-init.js";

/**
 * Names the errors of Node's fetch() and of `undici`, where a request got no answer
 * or only a part of one: the code is that of the reason (`HTTP_ECONNREFUSED`,
 * `HTTP_UND_ERR_HEADERS_TIMEOUT`), or `HTTP_FETCH_FAILED` where there is none.
 *
 * An answer with a status such as 500 is no error of fetch(); where `undici` makes one
 * of it (`interceptors.responseError()`, RetryAgent), the HTTP status is a private arg.
 * What an aborted signal throws (AbortError, TimeoutError) is left to the interceptor,
 * which knows the deadline of the request.
 */
export const fetchErrors = createClassifier((error) => {
  const { name, message, cause, code } = error;
  const isOfFetch =
    name === "TypeError" && (message === "fetch failed" || message === "terminated");
  if (!isOfFetch && !(isUndiciCode(code) && name !== "AbortError")) {
    return undefined;
  }
  const reason = isOfFetch && isThrown(cause) ? cause : error;
  const { code: known, status, privateArgs } = reasonOf(reason);
  return {
    system: "HTTP",
    code: known,
    status,
    message: sentenceFor("an HTTP server", status),
    privateArgs: { ...privateArgs, ...(reason !== error && textArgs(reason)) },
  };
});

function isUndiciCode(code: unknown): code is string {
  return typeof code === "string" && /^UND_ERR_[A-Z0-9_]{1,48}$/.test(code);
}

interface Reason {
  readonly code: string;
  readonly status: FailureStatus;
  readonly privateArgs?: Readonly<Record<string, string>>;
}

function reasonOf(error: Thrown): Reason {
  const { code, socket, statusCode } = error;
  if (isUndiciCode(code)) {
    const { remoteAddress: address, remotePort: port } = isThrown(socket) ? socket : {};
    return {
      code,
      status: statusOf(code, statusCode),
      privateArgs: privateArgsOf({ address, port, http_status: statusCode }),
    };
  }
  const system = systemErrorOf(error);
  if (system === undefined) {
    // fetch() could not make the request, or the answer was no HTTP.
    return { code: "FETCH_FAILED", status: "INTERNAL" };
  }
  return { ...system, status: statusOfCode(system.code) };
}

/** See https://undici.nodejs.org/#/docs/api/Errors. */
function statusOf(code: string, httpStatus: unknown): FailureStatus {
  switch (code) {
    case "UND_ERR_CONNECT_TIMEOUT":
    case "UND_ERR_SOCKET":
    case "UND_ERR_CLOSED":
    case "UND_ERR_DESTROYED":
    case "UND_ERR_PRX_TLS":
    case "UND_ERR_BPL_MISSING_UPSTREAM":
      return "UNAVAILABLE";
    case "UND_ERR_HEADERS_TIMEOUT":
    case "UND_ERR_BODY_TIMEOUT":
      return "DEADLINE_EXCEEDED";
    case "UND_ERR_RESPONSE": // of interceptors.responseError()
    case "UND_ERR_REQ_RETRY": // of RetryAgent
      return statusOfAnswer(httpStatus);
    default:
      return "INTERNAL";
  }
}

/** As with the answers of AWS: what passes may pass, everything else is our mistake. */
function statusOfAnswer(httpStatus: unknown): FailureStatus {
  switch (httpStatus) {
    case 429:
      return "RESOURCE_EXHAUSTED";
    case 502:
    case 503:
    case 504:
      return "UNAVAILABLE";
    default:
      return "INTERNAL";
  }
}

/** The error itself says only "fetch failed". */
function textArgs({ message }: Thrown): Record<string, string> {
  return privateArgsOf({ reason: message });
}
