import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ErrorChainSchema, Provenance } from "../../gen/errchain/v1/error_chain_pb.js";
import { arbitraryChain } from "../../test/support/arbitrary-chain.js";
import { formatBeginning, formatErrorChain } from "./format.js";

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

  test("escapes all that turns text around or breaks the line, whatever the script", () => {
    const causes = [{ system: "A", code: "100", message: "" }];
    const chain = create(ErrorChainSchema, { causes });
    for (let code = 0; code <= 0xffff; code++) {
      const char = String.fromCharCode(code);
      if (/[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Cs}]/u.test(char)) {
        const [cause] = chain.causes;
        if (cause !== undefined) cause.message = `a${char}b`;
        expect(formatErrorChain(chain)).toMatch(/^A_100 a\\([nrt]|u[0-9a-f]{4})b$/);
        expect(formatErrorChain(chain, { style: "tree" })).not.toContain(char);
      }
    }
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

  test("does not write what is not asked for", () => {
    const deep = create(ErrorChainSchema, {
      causes: Array.from({ length: 256 }, (_, n) => ({
        system: "A",
        code: "1",
        message: "\u0001".repeat(238),
        branches: n < 255 ? 1 : 0,
      })),
    });
    // 256 of its messages are 364 kB of escapes.
    expect(formatBeginning(deep, 512).length).toBeLessThan(2_000);
    expect(formatErrorChain(deep).length).toBeGreaterThan(256 * 238 * 6);
  });
});

describe("formatBeginning", () => {
  test("is how the whole line begins", () => {
    fc.assert(
      fc.property(arbitraryChain({ min: 1, max: 40 }), fc.nat({ max: 600 }), (chain, length) => {
        const whole = formatErrorChain(chain);
        const beginning = formatBeginning(chain, length);
        // Half a pair of surrogates at the end of what was asked for is escaped.
        expect(beginning.slice(0, length)).toBe(whole.slice(0, length));
        expect(beginning.length).toBeGreaterThanOrEqual(Math.min(length, whole.length));
      }),
    );
  });
});
