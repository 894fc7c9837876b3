import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { ErrorChainSchema } from "../../gen/errchain/v1/error_chain_pb.js";
import { rootCause } from "./root-cause.js";

/** A chain from triples of code, branches and time of failure. */
function chain(...causes: [code: string, branches: number, atMs?: number][]) {
  return create(ErrorChainSchema, {
    causes: causes.map(([code, branches, atMs]) => ({
      system: "S",
      code,
      branches,
      ...(atMs !== undefined && { occurredAt: timestampFromMs(atMs) }),
    })),
  });
}

describe("rootCause", () => {
  test("is the last cause of a plain chain", () => {
    expect(rootCause(chain(["A", 1, 9], ["B", 1, 8], ["C", 0, 7]))?.code).toBe("C");
    expect(rootCause(chain(["A", 0]))?.code).toBe("A");
  });

  test("is the one of the deepest causes of a fan-out that failed first", () => {
    const fanOut = chain(["A", 2, 1], ["B", 1, 2], ["C", 0, 5], ["D", 0, 4]);
    expect(rootCause(fanOut)?.code).toBe("D");
  });

  test("is the first in the chain where times are missing or equal", () => {
    expect(rootCause(chain(["A", 2], ["B", 0], ["C", 0, 4]))?.code).toBe("B");
    expect(rootCause(chain(["A", 2], ["B", 0, 4], ["C", 0]))?.code).toBe("B");
    expect(rootCause(chain(["A", 2], ["B", 0, 4], ["C", 0, 4]))?.code).toBe("B");
  });

  test("is found behind an error and its causes", () => {
    const err = new ConnectError("", undefined, undefined, [
      { desc: ErrorChainSchema, value: chain(["A", 1], ["B", 0]) },
    ]);
    expect(rootCause(new Error("outer", { cause: err }))?.code).toBe("B");
  });

  test.each([undefined, null, "text", new Error("x"), new ConnectError("x"), chain()])(
    "is undefined where there is no chain: %s",
    (value) => {
      expect(rootCause(value)).toBeUndefined();
    },
  );
});
