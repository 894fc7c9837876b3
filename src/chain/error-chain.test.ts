import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { ErrorChainSchema } from "../../gen/errchain/v1/error_chain_pb.js";
import { errorChain } from "./error-chain.js";

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
    ]) {
      expect(errorChain(thrown)?.causes).toMatchObject([{ system: "A" }]);
    }
    for (const thrown of [circle, [], undefined, "text", new AggregateError([])]) {
      expect(errorChain(thrown)).toBeUndefined();
    }
  });

  test("is decoded once", () => {
    expect(errorChain(error)).toBe(errorChain(error));
  });
});
