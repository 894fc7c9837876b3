import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { ErrorChainSchema } from "../../gen/errchain/v1/error_chain_pb.js";
import { errorChain } from "./error-chain.js";
import { formatErrorChain } from "./format.js";
import { formatLogLine } from "./log-line.js";

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

  test("is decoded once", () => {
    expect(errorChain(error)).toBe(errorChain(error));
  });
});
