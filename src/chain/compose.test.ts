import { clone, create, equals, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  CauseSchema,
  type ErrorChain,
  ErrorChainSchema,
} from "../../gen/errchain/v1/error_chain_pb.js";
import {
  arbitraryCause,
  arbitraryChain,
  arbitraryRetryChain,
  withUnknownFields,
} from "../../test/support/arbitrary-chain.js";
import { composeChain } from "./compose.js";
import { toHex } from "./hex.js";
import { scanChain } from "./scan.js";
import { causeTree } from "./tree.js";

const NO_LIMIT = Number.POSITIVE_INFINITY;
const noTraceId = new Uint8Array();
const small = arbitraryChain({ min: 1, max: 8 });

function encode(chain: ErrorChain): Uint8Array {
  return toBinary(ErrorChainSchema, chain);
}

describe("composeChain", () => {
  test("joining bytes gives what composing messages gives", () => {
    fc.assert(
      fc.property(
        arbitraryCause,
        fc.array(small, { maxLength: 3 }),
        fc.oneof(fc.constant(noTraceId), fc.uint8Array({ minLength: 16, maxLength: 16 })),
        (own, below, traceId) => {
          const traceIds = [...below.map((chain) => chain.traceId), traceId];
          const joined = composeChain(
            clone(CauseSchema, own),
            below.map(encode),
            toHex(traceId),
            NO_LIMIT,
          );
          const composed = create(ErrorChainSchema, {
            causes: [{ ...own, branches: below.length }, ...below.flatMap((chain) => chain.causes)],
            traceId: traceIds.findLast((id) => id.length > 0) ?? noTraceId,
          });
          expect(equals(ErrorChainSchema, fromBinary(ErrorChainSchema, joined), composed)).toBe(
            true,
          );
        },
      ),
    );
  });

  test("a fan-out of chains that are as long as may be is bounded soon", () => {
    const causes = Array.from({ length: 256 }, (_, n) => ({
      system: "B",
      code: "100",
      branches: n < 255 ? 1 : 0,
    }));
    const below = encode(create(ErrorChainSchema, { causes }));
    const own = create(CauseSchema, { system: "A", code: "100" });
    const startedMs = performance.now();
    const joined = composeChain(own, Array(32).fill(below), "", 4096);
    expect(performance.now() - startedMs).toBeLessThan(1_500); // it was several seconds
    expect(scanChain(joined)?.causes).toBeLessThanOrEqual(32);
    const elided = fromBinary(ErrorChainSchema, joined).causes.map((cause) => cause.elided);
    const kept = elided.length;
    expect(kept + elided.reduce((sum, each) => sum + each, 0)).toBe(1 + 32 * 256);
  });

  test("of a larger fan-out it says how much is left out", () => {
    const chainOf = (...branches: number[]) => {
      const causes = branches.map((count) => ({ system: "B", code: "100", branches: count }));
      return encode(create(ErrorChainSchema, { causes }));
    };
    const below = Array.from({ length: 40 }, () => chainOf(0));
    const own = create(CauseSchema, { system: "A", code: "100" });
    for (const [chains, expected] of [
      [below, 41],
      [[...below, chainOf(1, 0), Uint8Array.of(255)], 41 + 3],
    ] as const) {
      for (const _ of ["once", "again"]) {
        const { causes } = fromBinary(ErrorChainSchema, composeChain(own, chains, "", 4096));
        expect(causes).toHaveLength(32);
        expect(causes.reduce((sum, { elided }) => sum + 1 + elided, 0)).toBe(expected);
      }
    }
  });

  test("the bytes from below are passed on as they are, unknown fields included", () => {
    fc.assert(
      fc.property(arbitraryCause, small, (own, chain) => {
        const below = withUnknownFields(chain);
        const joined = composeChain(own, [below], "", NO_LIMIT);
        const head = toBinary(ErrorChainSchema, create(ErrorChainSchema, { causes: [own] })).length;
        expect(Buffer.from(joined.subarray(head))).toEqual(Buffer.from(below));
      }),
    );
  });

  test("what it gives is always one tree that any decoder takes, whatever comes from below", () => {
    const anyBytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      small.map(encode).chain((bytes) => mutate(bytes)),
    );
    fc.assert(
      fc.property(arbitraryCause, fc.array(anyBytes, { maxLength: 3 }), (own, below) => {
        const joined = composeChain(own, below, "", 4096);
        const chain = fromBinary(ErrorChainSchema, joined); // throws on invalid UTF-8
        expect(scanChain(joined)?.causes).toBe(chain.causes.length);
        expect(chain.causes[0]).toMatchObject({ system: own.system, code: own.code });
        expect(joined.length).toBeLessThanOrEqual(4096);
      }),
      { numRuns: 1000 },
    );
  });

  test("one tree within the limits is left of any tree that is larger", () => {
    const large = fc
      .oneof(arbitraryChain({ min: 20, max: 60 }), arbitraryRetryChain(60))
      .map(encode);
    fc.assert(
      fc.property(arbitraryCause, large, fc.constantFrom(2048, 5500), (own, below, maxBytes) => {
        const joined = composeChain(own, [below], "", maxBytes);
        expect(joined.length).toBeLessThanOrEqual(maxBytes);
        expect(scanChain(joined)?.causes).toBeLessThanOrEqual(32);
      }),
    );
  });

  test("a chain whose author forgot `branches` is mended", () => {
    const forgetful = create(ErrorChainSchema, {
      causes: [
        { system: "B", code: "2" },
        { system: "C", code: "3" },
      ],
    });
    const joined = composeChain(
      create(CauseSchema, { system: "A", code: "1" }),
      [encode(forgetful)],
      "",
      NO_LIMIT,
    );
    const chain = fromBinary(ErrorChainSchema, joined);
    expect(chain.causes.map((cause) => cause.branches)).toEqual([1, 1, 0]);
  });

  test("the hop's trace ID counts, and is sent once where the callee has the same", () => {
    const own = create(CauseSchema, { system: "A", code: "1" });
    const id = (n: number) => new Uint8Array(16).fill(n);
    const below = encode(create(ErrorChainSchema, { causes: [own], traceId: id(1) }));
    const sizeOf = (traceId: Uint8Array) =>
      composeChain(own, [below], toHex(traceId), NO_LIMIT).length;
    const traceIdOf = (traceId: Uint8Array) =>
      fromBinary(ErrorChainSchema, composeChain(own, [below], toHex(traceId), NO_LIMIT)).traceId;
    expect(traceIdOf(noTraceId)).toEqual(id(1));
    expect(traceIdOf(id(2))).toEqual(id(2));
    expect(sizeOf(id(1))).toBe(sizeOf(noTraceId));
  });

  test("texts and fan-outs of any size cost no status, no provenance and no branch", () => {
    const own = create(CauseSchema, {
      system: "A",
      code: "1",
      status: 9,
      provenance: 1,
      message: "x".repeat(100_000),
      privateArgs: { sql: "y".repeat(100_000) },
    });
    const branches = Array.from({ length: 20 }, (_, n) =>
      encode(
        create(ErrorChainSchema, {
          causes: [{ system: `B${n}`, code: "2", status: 14, message: "z".repeat(5_000) }],
        }),
      ),
    );
    const traceId = new Uint8Array(16).fill(7);
    const chain = fromBinary(ErrorChainSchema, composeChain(own, branches, toHex(traceId), 4096));
    expect(chain.traceId).toEqual(traceId);
    expect(chain.causes[0]).toMatchObject({ status: 9, provenance: 1, branches: 20 });
    expect(chain.causes.slice(1).map(({ system }) => system)).toEqual(
      Array.from({ length: 20 }, (_, n) => `B${n}`),
    );
  });

  test("what a peer hides in a cause does not crowd out the others", () => {
    const own = create(CauseSchema, { system: "A", code: "1", message: "our sentence" });
    const evil = create(CauseSchema, { system: "E", code: "2", message: "theirs", retry: {} });
    const junk = {
      no: 900,
      wireType: 2,
      data: new Uint8Array([0xfa, 0x1f, ...Array(4_090).fill(0)]),
    };
    if (evil.retry) evil.retry.$unknown = [junk];
    const args = Object.fromEntries(Array.from({ length: 6_000 }, (_, n) => [`k${n}`, ""]));
    const many = create(CauseSchema, { system: "M", code: "3", args });
    for (const cause of [evil, many]) {
      const below = encode(create(ErrorChainSchema, { causes: [cause] }));
      const chain = fromBinary(ErrorChainSchema, composeChain(own, [below], "", 4096));
      expect(chain.causes).toMatchObject([
        { system: "A", message: "our sentence" },
        { system: cause.system, message: cause.message },
      ]);
    }
  });

  test("a chain without a cause is left out", () => {
    const own = create(CauseSchema, { system: "A", code: "1" });
    const chain = fromBinary(
      ErrorChainSchema,
      composeChain(own, [noTraceId, Uint8Array.of(0xff)], "", NO_LIMIT),
    );
    expect(chain.causes).toHaveLength(1);
    expect(causeTree(chain)?.children).toEqual([]);
  });
});

/** Flips, drops or doubles bytes. */
function mutate(bytes: Uint8Array): fc.Arbitrary<Uint8Array> {
  return fc
    .array(fc.record({ at: fc.nat(), byte: fc.nat({ max: 255 }), how: fc.constantFrom(0, 1, 2) }), {
      minLength: 1,
      maxLength: 4,
    })
    .map((edits) => {
      const mutated = [...bytes];
      for (const { at, byte, how } of edits) {
        mutated.splice(at % (mutated.length + 1), how === 2 ? 0 : 1, ...(how === 0 ? [byte] : []));
      }
      return Uint8Array.from(mutated);
    });
}
