import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { isConnectionLost, neverProcessed } from "./connection-failure.js";

function systemError(code: string, syscall?: string): Error {
  return Object.assign(new Error(`${syscall} ${code}`), { code, ...(syscall && { syscall }) });
}

/** What Node.js makes of the errors of several addresses of a host. */
function ofAddresses(...errors: Error[]): Error {
  const [{ code } = {}] = errors as NodeJS.ErrnoException[];
  return Object.assign(new AggregateError(errors), { code });
}

function connectError(cause: unknown, isWireError = false): ConnectError {
  const error = new ConnectError("x", Code.Unavailable, undefined, undefined, cause);
  error.isWireError = isWireError;
  return error;
}

const REFUSED = "Stream closed with error code NGHTTP2_REFUSED_STREAM";

describe("neverProcessed", () => {
  test.each([
    ["a connection was refused", systemError("ECONNREFUSED", "connect"), true],
    [
      "on all addresses of a host",
      Object.assign(new AggregateError([]), { code: "ECONNREFUSED" }),
      true,
    ],
    [
      "or in other ways",
      ofAddresses(systemError("ENETUNREACH", "connect"), systemError("ETIMEDOUT", "connect")),
      true,
    ],
    [
      "but not by all",
      ofAddresses(systemError("ENETUNREACH", "connect"), systemError("ETIMEDOUT", "read")),
      false,
    ],
    ["a host is not known", systemError("ENOTFOUND", "getaddrinfo"), true],
    ["a name server fails", systemError("ESERVFAIL", "queryA"), true],
    ["nobody answers the connection", systemError("ETIMEDOUT", "connect"), true],
    ["a socket was not connected in time", systemError("ERR_SOCKET_CONNECTION_TIMEOUT"), true],
    ["undici made no connection in time", systemError("UND_ERR_CONNECT_TIMEOUT"), true],
    ["connect-node did not", new Error("[unavailable] connection establishment timed out"), true],
    ["a connection stopped answering", systemError("ETIMEDOUT", "read"), false],
    ["a connection broke", systemError("ECONNRESET", "read"), false],
    ["a stream was refused", new Error(REFUSED), true],
    ["in the words of connect-node", new Error("… error code REFUSED_STREAM (0x7)"), true],
    ["a stream was reset", new Error("Stream closed with error code NGHTTP2_CANCEL"), false],
    ["something else was thrown", "ECONNREFUSED", false],
    ["nothing was", undefined, false],
  ])("%s", (_, error, expected) => {
    expect(neverProcessed(error)).toBe(expected);
    expect(neverProcessed(connectError(connectError(error)))).toBe(expected);
    expect(neverProcessed(new TypeError("fetch failed", { cause: error }))).toBe(expected);
    // What a peer says happened to it, or what its answer was made of.
    expect(neverProcessed(connectError(error, true))).toBe(false);
  });

  test("a circle of causes ends", () => {
    const error = new Error("round");
    error.cause = error;
    expect(neverProcessed(error)).toBe(false);
  });
});

test("isConnectionLost", () => {
  expect(isConnectionLost(connectError(systemError("EPIPE", "write")))).toBe(true);
  expect(isConnectionLost(connectError(systemError("EHOSTUNREACH", "read")))).toBe(true);
  expect(isConnectionLost(connectError(systemError("ERR_HTTP2_SESSION_ERROR")))).toBe(true);
  expect(isConnectionLost(connectError(systemError("ERR_HTTP2_STREAM_ERROR")))).toBe(false);
  expect(isConnectionLost(connectError(systemError("EPIPE", "write"), true))).toBe(false);
});
