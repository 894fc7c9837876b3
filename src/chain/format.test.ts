import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { ErrorChainSchema, Provenance } from "../../gen/errchain/v1/error_chain_pb.js";
import { formatErrorChain } from "./format.js";

const plain = create(ErrorChainSchema, {
  causes: [
    { system: "WMS", module: "ORDER", code: "10001", message: "order cannot be promised" },
    { system: "PROMISE", module: "ETA", code: "2", provenance: Provenance.FILLED_IN },
    { system: "ROUTE", code: "3", message: "not reachable", provenance: Provenance.OBSERVED },
  ].map((cause, n) => ({ ...cause, branches: n < 2 ? 1 : 0 })),
});

const fanOut = create(ErrorChainSchema, {
  causes: [
    { system: "A", code: "100", message: "a", branches: 2 },
    { system: "B", code: "200", message: "b", branches: 1, elided: 2 },
    { system: "C", code: "300", message: "c", inferred: true },
    { system: "D", code: "400", message: "d", elided: 1 },
  ],
});

describe("formatErrorChain", () => {
  test("puts all on one line by default", () => {
    expect(formatErrorChain(plain)).toBe(
      "WMS_ORDER_10001 order cannot be promised ← PROMISE_ETA_2 ← ROUTE_3 not reachable",
    );
    expect(formatErrorChain(fanOut)).toBe(
      "A_100 a ← (B_200 b ← … 2 causes left out … ← C_300 c) + (D_400 d ← … 1 cause left out …)",
    );
  });

  test("draws a tree", () => {
    expect(formatErrorChain(plain, { style: "tree" })).toBe(
      [
        "WMS_ORDER_10001 order cannot be promised",
        "└─ PROMISE_ETA_2  [filled in]",
        "   └─ ROUTE_3 not reachable  [observed by the caller, root cause]",
      ].join("\n"),
    );
    expect(formatErrorChain(fanOut, { style: "tree" })).toBe(
      [
        "A_100 a",
        "├─ B_200 b",
        "│  ├─ … 2 causes left out …",
        "│  └─ C_300 c  [inferred, root cause]",
        "└─ D_400 d",
        "   └─ … 1 cause left out …",
      ].join("\n"),
    );
  });

  test("lets no message break the line or steer the terminal", () => {
    const hostile = create(ErrorChainSchema, {
      causes: [{ system: "A", code: "100", message: "one\ntwo\u001b[31m red \u202e turned" }],
    });
    expect(formatErrorChain(hostile)).toBe("A_100 one\\ntwo\\u001b[31m red \\u202e turned");
  });

  test("lets no message look like another cause", () => {
    const forged = create(ErrorChainSchema, {
      causes: [{ system: "A", code: "100", message: "oops ← B_200 disk full" }],
    });
    expect(formatErrorChain(forged)).toBe("A_100 oops \\u2190 B_200 disk full");
  });

  test("gives the text of an error without a chain", () => {
    expect(formatErrorChain(new TypeError("no chain"))).toBe("TypeError: no chain");
    expect(formatErrorChain("a\nb")).toBe("a\\nb");
  });
});
