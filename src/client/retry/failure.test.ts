import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { defineError } from "../../catalog/define-error.js";
import { noteHistory } from "../../chain/attempts.js";
import { readFailure } from "./failure.js";

/** An error that was made on this side. */
function here(code: Code, cause?: unknown): ConnectError {
  return new ConnectError("x", code, undefined, undefined, cause);
}

/** An error that the peer has answered with. */
function there(code: Code, metadata?: HeadersInit): ConnectError {
  const error = new ConnectError("x", code, metadata);
  error.isWireError = true;
  return error;
}

const soon = { "grpc-retry-pushback-ms": "5" };
const broken = Object.assign(new Error("write EPIPE"), { code: "EPIPE", syscall: "write" });

describe("a failure passes by itself", () => {
  test.each([
    ["UNAVAILABLE", there(Code.Unavailable), true],
    ["RESOURCE_EXHAUSTED", there(Code.ResourceExhausted), false],
    ["RESOURCE_EXHAUSTED with a delay", there(Code.ResourceExhausted, soon), true],
    ["ABORTED", there(Code.Aborted), false],
    ["ABORTED with a delay", there(Code.Aborted, soon), true],
    ["a connection that was reset", here(Code.Aborted), true],
    ["a stream that was reset", here(Code.Canceled), true],
    ["CANCELED in the peer", there(Code.Canceled, soon), false],
    ["DEADLINE_EXCEEDED", there(Code.DeadlineExceeded, soon), false],
    ["INTERNAL", there(Code.Internal, soon), false],
    ["INTERNAL of a broken connection", here(Code.Internal, broken), true],
    ["INTERNAL of something else", here(Code.Internal), false],
    ["INVALID_ARGUMENT", there(Code.InvalidArgument, soon), false],
    ["a network error of fetch()", new TypeError("Failed to fetch"), true],
    ["another error", new Error("a bug"), false],
    ["no error", undefined, false],
  ])("%s: %s", (_, error, transient) => {
    expect(readFailure(error, "a.B/C", false)).toMatchObject({ transient, unprocessed: false });
  });

  test("DEADLINE_EXCEEDED, if the attempt had less time than the call", () => {
    expect(readFailure(there(Code.DeadlineExceeded), "a.B/C", true).transient).toBe(true);
  });
});

test("an error code that says RETRY is repeated whatever its status", () => {
  const defined = defineError({
    system: "A",
    code: 100,
    reason: "BUSY",
    status: "INTERNAL",
    message: "busy",
    retry: "RETRY",
  });
  expect(readFailure(defined(), "a.B/C", false)).toMatchObject({
    transient: true,
    unprocessed: false,
  });
  expect(readFailure(defined(), "a.B/C", false, false)).toMatchObject({ transient: false });
});

test("of a peer that is not trusted, a delay counts up to ten seconds, and no advice", () => {
  const never = there(Code.Unavailable, { "grpc-retry-pushback-ms": "-1" });
  expect(readFailure(never, "a.B/C", false, false).facts).toMatchObject({
    pushedBack: false,
    delayMs: 0,
  });
  const late = there(Code.ResourceExhausted, { "grpc-retry-pushback-ms": "60000" });
  const { facts, transient } = readFailure(late, "a.B/C", false, false);
  expect(facts).toMatchObject({ hasDelay: true, delayMs: 10_000 });
  expect(transient).toBe(true);
});

test("attempts that were made on this side count, also where no chain says so", () => {
  const error = here(Code.Unavailable);
  noteHistory(error, { attempts: 3, earlier: [], stoppedBy: "attempts-used-up" });
  for (const trusted of [true, false]) {
    expect(readFailure(error, "a.B/C", false, trusted).facts).toMatchObject({ attempts: 3 });
  }
});

test("an interceptor that wraps an error does not hide what forbids a retry", () => {
  const error = here(Code.Unavailable, there(Code.Unavailable, { "grpc-retry-pushback-ms": "-1" }));
  expect(readFailure(error, "a.B/C", false).facts).toMatchObject({ pushedBack: true });
});
