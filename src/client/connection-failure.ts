import { isConnectionCode } from "../chain/connection-codes.js";
import { causeOf, errorsOf, isConnectError, readText } from "../chain/thrown.js";

/**
 * Whether a request provably never reached the peer's application, so that a
 * repetition is safe for every method: no connection was made, or HTTP/2 says that
 * the stream was refused before any processing (RFC 9113, section 8.7).
 *
 * Only Node.js tells; of fetch() nothing can be proven. Nor does Node.js tell which
 * streams a GOAWAY left unprocessed.
 */
export function neverProcessed(error: unknown): boolean {
  return someBehind(
    error,
    (each) =>
      isNotConnected(each) ||
      /\bNGHTTP2_REFUSED_STREAM\b|\bREFUSED_STREAM \(0x7\)|\bconnection establishment timed out$/.test(
        readText(each, "message"),
      ),
  );
}

function isNotConnected(error: unknown): boolean {
  // For a name with several addresses Node.js tries each (happy eyeballs, RFC 8305). Their
  // errors are in one that has the code of the first and no syscall.
  const attempts = errorsOf(error);
  return (
    isOfConnecting(error) ||
    NOT_CONNECTED.has(readText(error, "code")) ||
    (attempts.length > 0 && attempts.every(isOfConnecting))
  );
}

/** `query…` is of dns.resolve…(). */
function isOfConnecting(error: unknown): boolean {
  return /^(connect|getaddrinfo|query\w*)$/.test(readText(error, "syscall"));
}

const NOT_CONNECTED: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ERR_SOCKET_CONNECTION_TIMEOUT",
  "UND_ERR_CONNECT_TIMEOUT", // of fetch() in Node.js
]);

/** Whether there was no connection or it broke, so that nobody knows what became of the request. */
export function isConnectionLost(error: unknown): boolean {
  return someBehind(error, (each) => {
    const code = readText(each, "code");
    return isConnectionCode(code) || CONNECTION_LOST.has(code);
  });
}

/** What Node.js and undici say of it above the system calls. */
const CONNECTION_LOST: ReadonlySet<string> = new Set([
  "ERR_HTTP2_GOAWAY_SESSION",
  "ERR_HTTP2_SESSION_ERROR",
  "ERR_HTTP2_STREAM_CANCEL",
  "ERR_STREAM_PREMATURE_CLOSE",
  "UND_ERR_SOCKET",
]);

/** Looks at an error that was made on this side, and what it names as its causes. */
function someBehind(error: unknown, test: (error: unknown) => boolean): boolean {
  let current = error;
  for (let depth = 0; depth < 5 && current !== undefined; depth++) {
    if (isConnectError(current) && current.isWireError) {
      return false; // the peer has answered
    }
    if (test(current)) {
      return true;
    }
    current = causeOf(current);
  }
  return false;
}
