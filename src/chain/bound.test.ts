import { clone, create, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Cause,
  type ErrorChain,
  ErrorChainSchema,
  RetryAdvice,
  RetrySchema,
} from "../../gen/errchain/v1/error_chain_pb.js";
import { arbitraryChain, arbitraryRetryChain } from "../../test/support/arbitrary-chain.js";
import { boundChain } from "./bound.js";
import { fullCode } from "./full-code.js";
import { MAX_CAUSES } from "./limits.js";
import { rootOfChain } from "./root-cause.js";
import { scanChain } from "./scan.js";

const any = fc.oneof(arbitraryChain({ min: 1, max: 60 }), arbitraryRetryChain(60));

/** More than two bare causes and a trace ID can take. */
const ROOM_FOR_TWO = 400;

function bounded(chain: ErrorChain, maxBytes: number): ErrorChain {
  return boundChain(clone(ErrorChainSchema, chain), maxBytes);
}

function size(chain: ErrorChain): number {
  return toBinary(ErrorChainSchema, chain).length;
}

/** What a cause keeps whatever happens. */
function identity(cause: Cause | undefined) {
  return cause && { code: fullCode(cause), status: cause.status, provenance: cause.provenance };
}

function plainChain(length: number, message = ""): ErrorChain {
  const causes = Array.from({ length }, (_, n) => ({
    system: "S",
    code: String(100 + n),
    message,
    branches: n < length - 1 ? 1 : 0,
  }));
  return create(ErrorChainSchema, { causes });
}

describe("boundChain", () => {
  test("is never over the budget, and is one tree, for any chain and any budget", () => {
    fc.assert(
      fc.property(any, fc.integer({ min: 0, max: 5500 }), (chain, maxBytes) => {
        const result = bounded(chain, maxBytes);
        expect(size(result)).toBeLessThanOrEqual(maxBytes);
        expect(result.causes.length).toBeLessThanOrEqual(MAX_CAUSES);
        if (result.causes.length > 0) {
          expect(scanChain(toBinary(ErrorChainSchema, result))?.causes).toBe(result.causes.length);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("takes a text with half of a surrogate pair", () => {
    const message = `\ud800${"x".repeat(6000)}`;
    const chain = create(ErrorChainSchema, { causes: [{ system: "A", code: "100", message }] });
    expect(boundChain(chain, 4096).causes).toMatchObject([{ system: "A", code: "100" }]);
  });

  test("keeps the nearest and the root cause", () => {
    fc.assert(
      fc.property(any, fc.integer({ min: ROOM_FOR_TWO, max: 5500 }), (chain, maxBytes) => {
        const result = bounded(chain, maxBytes);
        expect(identity(result.causes[0])).toEqual(identity(chain.causes[0]));
        const root = identity(rootOfChain(chain));
        expect(result.causes.map(identity)).toContainEqual(root);
      }),
      { numRuns: 300 },
    );
  });

  test("says how many causes were left out", () => {
    fc.assert(
      fc.property(any, fc.integer({ min: ROOM_FOR_TWO, max: 5500 }), (chain, maxBytes) => {
        const total = (c: ErrorChain) => c.causes.reduce((sum, { elided }) => sum + elided + 1, 0);
        expect(total(bounded(chain, maxBytes))).toBe(total(chain));
      }),
      { numRuns: 300 },
    );
  });

  test("leaves alone what fits", () => {
    fc.assert(
      fc.property(arbitraryChain({ min: 1, max: MAX_CAUSES }), (chain) => {
        expect(boundChain(chain, size(chain))).toBe(chain);
      }),
    );
  });

  test("drops causes from the middle", () => {
    const result = bounded(plainChain(40), 5000);
    expect(result.causes).toHaveLength(MAX_CAUSES);
    expect(result.causes.map((cause) => cause.code)).toEqual([
      ...Array.from({ length: 16 }, (_, n) => String(100 + n)),
      ...Array.from({ length: 16 }, (_, n) => String(124 + n)),
    ]);
    expect(result.causes.filter((cause) => cause.elided > 0)).toMatchObject([
      { code: "115", elided: 8 },
    ]);
  });

  test("cuts an outsized text before it drops a system", () => {
    const chain = plainChain(3);
    (chain.causes[2] as Cause).message = "x".repeat(10_000);
    const result = bounded(chain, 1000);
    expect(result.causes.map((cause) => cause.code)).toEqual(["100", "101", "102"]);
    expect(result.causes[2]?.message).toMatch(/^x{500,}…$/);
  });

  test("cuts texts between two characters", () => {
    fc.assert(
      fc.property(fc.integer({ min: 60, max: 300 }), (maxBytes) => {
        const message = bounded(plainChain(2, "配送🚚".repeat(40)), maxBytes).causes[0]?.message;
        expect(message).toMatch(/^(配送🚚)*(配送?)?…?$/u);
      }),
    );
  });

  test("notes above what a cause that is left out says against a retry", () => {
    const retry = { advice: RetryAdvice.DO_NOT_RETRY, attempts: 3 };
    // In the middle of a plain chain; one of too many leaves; below the only one that fits.
    const middle = plainChain(40);
    const leaves = plainChain(40);
    leaves.causes.forEach((cause, n) => {
      cause.branches = n === 0 ? 39 : 0;
    });
    for (const [chain, at, maxBytes] of [
      [middle, 20, 5000],
      [leaves, 39, 5000],
      [plainChain(2), 1, 20],
    ] as const) {
      (chain.causes[at] as Cause).retry = create(RetrySchema, retry);
      const result = bounded(chain, maxBytes);
      expect(result.causes.length).toBeLessThan(chain.causes.length);
      expect(result.causes.filter((cause) => cause.retry)).toMatchObject([{ retry }]);
      expect(result.causes.find((cause) => cause.retry)?.elided).toBeGreaterThan(0);
    }
  });

  test("keeps every branch's root of a fan-out where they fit, and drops the middle first", () => {
    const causes = [{ system: "A", code: "100", branches: 4 }];
    for (const branch of ["B", "C", "D", "E"]) {
      for (let n = 0; n < 10; n++) {
        causes.push({ system: branch, code: String(100 + n), branches: n < 9 ? 1 : 0 });
      }
    }
    const result = bounded(create(ErrorChainSchema, { causes }), 4096);
    expect(result.causes.map(fullCode)).toEqual(
      expect.arrayContaining(["A_100", "B_109", "C_109", "D_109", "E_109"]),
    );
    expect(result.causes).toHaveLength(MAX_CAUSES);
  });
});
