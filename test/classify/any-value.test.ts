import { Code, ConnectError } from "@connectrpc/connect";
import { awsErrors } from "errchain/classify/aws";
import { fetchErrors } from "errchain/classify/fetch";
import { grpcErrors } from "errchain/classify/grpc-js";
import { redisErrors } from "errchain/classify/ioredis";
import { kafkaErrors } from "errchain/classify/kafka";
import { mysqlErrors } from "errchain/classify/mysql2";
import { nodeErrors } from "errchain/classify/node";
import { pgErrors } from "errchain/classify/pg";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const classifiers = {
  awsErrors,
  fetchErrors,
  grpcErrors,
  kafkaErrors,
  mysqlErrors,
  nodeErrors,
  pgErrors,
  redisErrors,
};

const hostile = new Proxy(new Error("x"), {
  get() {
    throw new Error("no");
  },
  getPrototypeOf() {
    throw new Error("no");
  },
});

/** What any driver has, on a ConnectError. */
const disguised = Object.assign(new ConnectError("x", Code.Unavailable), {
  severity: "ERROR",
  sqlState: "HY000",
  sqlMessage: "x",
  errno: 1062,
  syscall: "connect",
  $metadata: {},
  type: "UNKNOWN",
});

/** The properties that classifiers look at, with values of all sorts. */
const shapes = fc.record(
  {
    name: fc.constantFrom(
      "Error",
      "TypeError",
      "ReplyError",
      "KafkaJSError",
      5,
      null,
      "AbortError",
    ),
    message: fc.oneof(
      fc.constantFrom("fetch failed", "terminated", "Connection is closed.", "ERR \ud800"),
      fc.anything(),
    ),
    code: fc.oneof(
      fc.constantFrom(
        "23505",
        "ECONNREFUSED",
        "UND_ERR_SOCKET",
        "PLT_KFK_RESPONSE",
        "ER_X",
        "EX y",
      ),
      fc.integer(),
      fc.anything(),
    ),
    errno: fc.oneof(fc.integer(), fc.anything()),
    severity: fc.oneof(fc.string(), fc.anything()),
    sqlState: fc.oneof(fc.string({ unit: "binary" }), fc.anything()),
    sqlMessage: fc.anything(),
    details: fc.oneof(fc.string({ unit: "binary" }), fc.anything()),
    metadata: fc.oneof(
      fc.uint8Array().map((bytes) => ({ get: () => [bytes] })),
      fc.anything(),
    ),
    fatal: fc.boolean(),
    syscall: fc.oneof(fc.constantFrom("open", "connect", "spawn x"), fc.anything()),
    address: fc.string({ unit: "binary" }),
    port: fc.constantFrom(5432, "5432", Number.NaN),
    path: fc.oneof(fc.string({ unit: "binary", maxLength: 2_000 }), fc.anything()),
    type: fc.oneof(fc.string(), fc.anything()),
    apiId: fc.oneof(fc.string(), fc.anything()),
    apiCode: fc.oneof(fc.integer(), fc.anything()),
    constructor: fc.anything(),
    cause: fc.anything(),
    errors: fc.anything(),
    command: fc.anything(),
    $metadata: fc.anything(),
    $retryable: fc.anything(),
  },
  { requiredKeys: [] },
);

describe.each(Object.entries(classifiers))("%s", (_, classify) => {
  test.each([
    ["nothing", undefined],
    ["null", null],
    ["a text", "ECONNREFUSED"],
    ["a number", 1062],
    ["a plain error", new Error("x")],
    ["an empty object", {}],
    ["an error that cannot be looked at", hostile],
    ["an aborted signal", AbortSignal.abort().reason],
    ["a passed timeout", new DOMException("x", "TimeoutError")],
    ["a ConnectError", disguised],
  ])("does not know %s", (_, reason) => {
    expect(classify(reason)).toBeUndefined();
  });

  test("gives nothing or a well-formed cause, and never throws", () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const init = classify(shape);
        if (init !== undefined && "system" in init) {
          expect(init.system).toMatch(/^[A-Z][A-Z0-9]{0,31}$/);
          expect(init.code).toMatch(/^[A-Z0-9_]{1,63}$/);
          expect(init.code).not.toMatch(/^\d{1,2}$/);
          expect(init.reason ?? "X").toMatch(/^[A-Z0-9_]{1,63}$/);
          expect(init.args).toBeUndefined();
          for (const value of Object.values(init.privateArgs ?? {})) {
            expect(value.isWellFormed()).toBe(true);
            expect(Buffer.byteLength(value)).toBeLessThanOrEqual(256);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
