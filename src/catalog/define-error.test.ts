import { create } from "@bufbuild/protobuf";
import { durationMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  ErrorChainSchema,
  Provenance,
  RetryAdvice,
  Status,
  Visibility,
} from "../../gen/errchain/v1/error_chain_pb.js";
import { errorChain } from "../chain/error-chain.js";
import { fullCode } from "../chain/full-code.js";
import { defineError, type ErrorDefinition } from "./define-error.js";
import { findCause, isError } from "./match.js";

const init = {
  system: "ROUTE",
  module: "DISPATCH",
  code: 20003,
  reason: "RANGE_NOT_CONFIGURED",
  status: "FAILED_PRECONDITION",
  message: "no delivery range is configured for {address}, product {product}",
  visibility: "PUBLIC",
  retry: "DO_NOT_RETRY",
  privateArgs: ["warehouse_id"],
  help: "https://docs.example.com/errors/ROUTE_DISPATCH_20003",
} as const;

const rangeNotConfigured = defineError(init);
const bare = defineError({
  system: "WMS",
  code: "X_7",
  reason: "BARE",
  status: Code.Unavailable,
  message: "plain",
  retryDelayMs: 1500,
});
const args = { address: "Mill Lane 3", product: "FRESH" };

describe("a definition", () => {
  test("has the properties of its code", () => {
    expect({ ...rangeNotConfigured }).toMatchObject({
      system: "ROUTE",
      module: "DISPATCH",
      code: "20003",
      reason: "RANGE_NOT_CONFIGURED",
      fullCode: "ROUTE_DISPATCH_20003",
      status: Code.FailedPrecondition,
      visibility: Visibility.PUBLIC,
      retry: RetryAdvice.DO_NOT_RETRY,
      help: init.help,
    });
    expect({ ...bare }).toMatchObject({
      module: "",
      fullCode: "WMS_X_7",
      visibility: Visibility.INTERNAL,
      retry: RetryAdvice.UNSPECIFIED,
      help: "",
    });
  });

  test("makes a plain ConnectError with a chain of one cause", () => {
    const before = Date.now();
    const err = rangeNotConfigured(args, { privateArgs: { warehouse_id: "HH-3" } });
    expect(err).toBeInstanceOf(ConnectError);
    expect(Object.getPrototypeOf(err)).toBe(ConnectError.prototype);
    expect(err.code).toBe(Code.FailedPrecondition);
    expect(err.rawMessage).toBe("no delivery range is configured for Mill Lane 3, product FRESH");
    const [detail] = err.findDetails(ErrorChainSchema);
    expect(detail?.causes).toMatchObject([
      {
        system: "ROUTE",
        module: "DISPATCH",
        code: "20003",
        reason: "RANGE_NOT_CONFIGURED",
        message: err.rawMessage,
        args,
        privateArgs: { warehouse_id: "HH-3" },
        provenance: Provenance.RAISED,
        visibility: Visibility.PUBLIC,
        status: Status.FAILED_PRECONDITION,
        retry: { advice: RetryAdvice.DO_NOT_RETRY },
        help: init.help,
      },
    ]);
    const occurredAt = detail?.causes[0]?.occurredAt;
    expect(occurredAt && timestampMs(occurredAt)).toBeGreaterThanOrEqual(before);
    expect(errorChain(err)).toEqual(detail);
  });

  test("sends its retry delay", () => {
    const { rawMessage } = defineError({ ...init, retryDelayMs: 1000 / 3 })(args);
    expect(rawMessage).toContain("Mill Lane");
    const delay = errorChain(bare())?.causes[0]?.retry?.delay;
    expect(delay && durationMs(delay)).toBe(1500);
  });

  test("puts itself in front of its cause, through plain errors and arrays", () => {
    const cause = rangeNotConfigured(args);
    const codes = (err: unknown) => errorChain(err)?.causes.map((c) => [fullCode(c), c.branches]);
    const chain = [
      ["WMS_X_7", 1],
      ["ROUTE_DISPATCH_20003", 0],
    ];
    expect(codes(bare({}, { cause }))).toEqual(chain);
    expect(bare({}, { cause }).cause).toBe(cause);
    const nested = new Error("a", { cause: new Error("b", { cause }) });
    expect(codes(bare({}, { cause: nested }))).toEqual(chain);
    const fanOut = [
      ["WMS_X_7", 2],
      ["ROUTE_DISPATCH_20003", 0],
      ["WMS_X_7", 0],
    ];
    expect(codes(bare({}, { cause: [cause, bare()] }))).toEqual(fanOut);
    expect(codes(bare({}, { cause: new AggregateError([cause, bare()]) }))).toEqual(fanOut);
    expect(codes(bare({}, { cause: new Error("no chain") }))).toEqual([["WMS_X_7", 0]]);
  });

  test("never throws while it raises", () => {
    const loose = rangeNotConfigured as unknown as (...args: unknown[]) => ConnectError;
    expect(loose().rawMessage).toBe(init.message);
    expect(loose(null, null).rawMessage).toBe(init.message);
    expect(loose({ address: 7, product: Symbol("s") }).rawMessage).toContain(
      "for 7, product Symbol(s)",
    );
    const hostile = {
      toString() {
        throw new Error("no");
      },
    };
    expect(loose({ address: hostile, product: "\ud800" }).rawMessage).toContain(
      "for a value that cannot be shown, product \ufffd",
    );
  });

  test("keeps values that are no arg of it to itself", () => {
    const loose = rangeNotConfigured as unknown as (...args: unknown[]) => ConnectError;
    const err = loose({ ...args, password: "secret" });
    expect(errorChain(err)?.causes[0]?.args).toEqual(args);
  });

  test("a missing arg leaves its placeholder, whatever its name", () => {
    const message = "{constructor} and {toString} are out of {stock}";
    const loose = defineError({ ...init, message }) as unknown as (args: object) => ConnectError;
    const err = loose({ stock: "A" });
    expect(err.rawMessage).toBe("{constructor} and {toString} are out of A");
    expect(errorChain(err)?.causes[0]?.args).toEqual({ stock: "A" });
    expect(loose({ constructor: "B" }).rawMessage).toContain("B and {toString}");
  });

  test("types its args", () => {
    expectTypeOf(rangeNotConfigured).toExtend<
      ErrorDefinition<{ address: string; product: string }>
    >();
    rangeNotConfigured({ address: 7, product: 8n });
    const any: ErrorDefinition[] = [rangeNotConfigured, bare];
    expect(any).toHaveLength(2);
    // @ts-expect-error a missing arg
    rangeNotConfigured({ address: "" });
    // @ts-expect-error an arg that the message does not name
    rangeNotConfigured({ ...args, other: "" });
    // @ts-expect-error no args at all
    rangeNotConfigured();
    // @ts-expect-error a private arg that is not declared
    rangeNotConfigured(args, { privateArgs: { other: "" } });
    // @ts-expect-error a definition without placeholders takes no args
    bare({ address: "" });
    const found = findCause(rangeNotConfigured(args), rangeNotConfigured);
    expectTypeOf(found?.args.address).toEqualTypeOf<string | undefined>();
    // @ts-expect-error an arg that the definition does not have
    void found?.args.other;
  });
});

describe("a wrong definition is refused at once:", () => {
  test.each([
    [
      { system: "route" },
      /error definition route_DISPATCH_20003: system "route" must have the form/,
    ],
    [{ system: "" }, /system "" must have the form/],
    [{ module: "1X" }, /module "1X" must be empty or have the form/],
    [{ code: "" }, /code "" must have the form/],
    [{ code: "a-1" }, /code "a-1" must have the form/],
    [{ code: 42 }, /the codes 0 to 99 are built in/],
    [{ code: 0 }, /the codes 0 to 99 are built in/],
    [{ privateArgs: "warehouse_id" }, /privateArgs must be an array/],
    [{ reason: "range not" }, /reason "range not" must have the form/],
    [{ status: "OK" }, /status "OK" is not the status of a failed RPC/],
    [{ status: 0 }, /status 0 is not/],
    [{ status: 17 }, /status 17 is not/],
    [{ visibility: "SECRET" }, /visibility "SECRET" must be INTERNAL, PARTNER or PUBLIC/],
    [{ retry: "MAYBE" }, /retry "MAYBE" must be RETRY or DO_NOT_RETRY/],
    [{ retryDelayMs: -1 }, /retryDelayMs -1 must be 0 or a positive number/],
    [{ retryDelayMs: Number.NaN }, /retryDelayMs NaN must be/],
    [{ retryDelayMs: 315_576_000_001_000 }, /retryDelayMs 315576000001000 must be/],
    [{ retryDelayMs: 2 ** 63 }, /retryDelayMs 9223372036854776000 must be/],
    [{ message: "" }, /message must be a sentence/],
    [
      { message: "in {warehouse_id}" },
      /the private arg \{warehouse_id\} must not stand in the message/,
    ],
    [{ localized: { de: "" } }, /the message for de must be a sentence/],
    [{ localized: { de_DE: "kein Gebiet" } }, /localized has "de_DE", which is no language tag/],
    [
      { localized: { de: "kein Gebiet in {warehouse_id}" } },
      /the message for de shows \{warehouse_id\}, but the default message does not/,
    ],
  ])("%j", (wrong, problem) => {
    expect(() => defineError({ ...init, ...wrong } as never)).toThrow(problem);
    expect(() => defineError({ ...init, ...wrong } as never)).toThrow(TypeError);
  });
});

describe("findCause and isError", () => {
  const err = bare({}, { cause: rangeNotConfigured(args) });

  test("find a cause anywhere, and the nearest", () => {
    expect(findCause(err, rangeNotConfigured)?.args).toEqual(args);
    expect(isError(err, rangeNotConfigured)).toBe(false);
    expect(isError(err, bare)).toBe(true);
    expect(isError(new Error("wrapped", { cause: err }), bare)).toBe(true);
    expect(findCause(errorChain(err), bare)).toBeDefined();
  });

  test("take any value", () => {
    for (const value of [undefined, null, "x", new Error("x"), create(ErrorChainSchema)]) {
      expect(findCause(value, bare)).toBeUndefined();
      expect(isError(value, bare)).toBe(false);
    }
  });

  test("tell codes of other systems and modules apart", () => {
    const other = defineError({ ...init, module: "PLANNING" });
    expect(findCause(err, other)).toBeUndefined();
  });
});
