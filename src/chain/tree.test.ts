import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ErrorChainSchema } from "../../gen/errchain/v1/error_chain_pb.js";
import { arbitraryChain } from "../../test/support/arbitrary-chain.js";
import { type CauseNode, causeTree, flattenTree } from "./tree.js";

/** A tree as text, `A(B(C)D)`, from pairs of code and branches. */
function shape(...causes: [string, number][]): string {
  const show = ({ cause, children }: CauseNode): string =>
    cause.code + (children.length > 0 ? `(${children.map(show).join("")})` : "");
  const tree = causeTree(
    create(ErrorChainSchema, { causes: causes.map(([code, branches]) => ({ code, branches })) }),
  );
  return tree ? show(tree) : "";
}

describe("causeTree", () => {
  test("follows `branches`", () => {
    expect(shape(["A", 1], ["B", 1], ["C", 0])).toBe("A(B(C))");
    expect(shape(["A", 2], ["B", 1], ["C", 0], ["D", 0])).toBe("A(B(C)D)");
    expect(shape(["A", 3], ["B", 0], ["C", 0], ["D", 0])).toBe("A(BCD)");
  });

  test("reads a chain without `branches` as a plain chain", () => {
    expect(shape(["A", 0], ["B", 0], ["C", 0])).toBe("A(B(C))");
  });

  test("ends where `branches` promises more than there is", () => {
    expect(shape(["A", 9], ["B", 9])).toBe("A(B)");
  });

  test("is undefined for a chain without causes", () => {
    expect(causeTree(create(ErrorChainSchema))).toBeUndefined();
  });

  test("is undone by flattenTree", () => {
    fc.assert(
      fc.property(arbitraryChain({ min: 1, max: 40 }), (chain) => {
        const tree = causeTree(chain);
        expect(tree && flattenTree(tree)).toEqual(chain.causes);
      }),
    );
  });
});
