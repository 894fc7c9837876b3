import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { ErrorChainSchema } from "../../gen/errchain/v1/error_chain_pb.js";
import { defineError } from "../catalog/define-error.js";
import { findCause, isError, matchCause } from "../catalog/match.js";
import { errorResponse, problemDetails } from "../http/error-response.js";
import { retryHistory } from "./attempts.js";
import { errorChain } from "./error-chain.js";
import { formatErrorChain } from "./format.js";
import { formatLogLine } from "./log-line.js";
import { rootCause } from "./root-cause.js";

describe("errorChain", () => {
  const value = create(ErrorChainSchema, { causes: [{ system: "A", code: "100" }] });
  const error = new ConnectError("", Code.Internal, undefined, [{ desc: ErrorChainSchema, value }]);

  test("finds the chain behind causes and lists of errors", () => {
    const circle = new Error("circle");
    circle.cause = circle;
    for (const thrown of [
      error,
      new Error("outer", { cause: error }),
      new AggregateError([new Error("other"), circle, error]),
      [undefined, new Error("outer", { cause: new AggregateError([error]) })],
      new (class TwoFailed extends AggregateError {
        override name = "TwoFailed";
      })([error]),
      // What `await using` throws where a block fails, and then its clean-up.
      Object.assign(new Error(), {
        name: "SuppressedError",
        error: new Error(),
        suppressed: error,
      }),
    ]) {
      expect(errorChain(thrown)?.causes).toMatchObject([{ system: "A" }]);
    }
    for (const thrown of [circle, [], undefined, "text", new AggregateError([])]) {
      expect(errorChain(thrown)).toBeUndefined();
    }
  });

  test("takes any value, also where somebody has put something odd into an error", () => {
    const { proxy, revoke } = Proxy.revocable([], {});
    revoke();
    const type = ErrorChainSchema.typeName;
    const oddDetails = [
      [{ type, value: "aGk" }],
      [{ type, value: null }],
      [{ desc: undefined }],
      proxy,
    ];
    for (const details of oddDetails) {
      const odd = Object.assign(new ConnectError("odd"), { details });
      expect(errorChain(odd)).toBeUndefined();
      expect(errorChain(new Error("outer", { cause: [odd, error] }))).toBe(errorChain(error));
    }
    expect(errorChain(proxy)).toBeUndefined();
    expect(errorChain(new Error("outer", { cause: proxy }))).toBeUndefined();
    expect(formatErrorChain(proxy)).toBeTypeOf("string");
    expect(formatLogLine(proxy)).toBeTypeOf("string");
  });

  test("takes any value, also where each look at it throws", () => {
    const trap = () => {
      throw new Error("no access");
    };
    const traps = { get: trap, has: trap, getPrototypeOf: trap, getOwnPropertyDescriptor: trap };
    const list = new Proxy([], traps);
    const getter = (key: string) =>
      Object.defineProperty(new ConnectError("odd"), key, { get: trap });
    const type = ErrorChainSchema.typeName;
    const values = [
      new Proxy({}, traps),
      list,
      Object.assign(new AggregateError([]), { errors: list }),
      Object.assign(new AggregateError([]), { errors: new Proxy([error], { get: trap }) }),
      ...["details", "code", "rawMessage", "message", "cause", "metadata"].map(getter),
      Object.assign(new ConnectError("odd"), { details: list }),
      Object.assign(new ConnectError("odd"), { details: [new Proxy({ type }, traps)] }),
      ...[{ type }, Object.assign(Object.create({ type }))].map((detail) =>
        Object.assign(new ConnectError("odd"), {
          details: [Object.defineProperty(detail, "value", { get: trap })],
        }),
      ),
    ];
    const definition = defineError({
      system: "A",
      code: 100,
      reason: "ODD",
      status: "INTERNAL",
      message: "odd",
    });
    for (const value of values) {
      expect(errorChain(value)).toBeUndefined();
      expect(rootCause(value)).toBeUndefined();
      expect(findCause(value, definition)).toBeUndefined();
      expect(isError(value, definition)).toBe(false);
      expect(matchCause(value, { definition }).cause).toBeUndefined();
      expect(retryHistory(value)).toBeUndefined();
      expect(formatErrorChain(value)).toBeTypeOf("string");
      expect(formatLogLine(value)).toBeTypeOf("string");
      expect(errorResponse(value).body.message).toBe("the request could not be completed");
      expect(problemDetails(value, { exposure: "internal" }).status).toBeGreaterThanOrEqual(400);
      expect(errorChain(new Error("outer", { cause: [value, error] }))).toBe(errorChain(error));
    }
  });

  test("is decoded once", () => {
    expect(errorChain(error)).toBe(errorChain(error));
  });
});
