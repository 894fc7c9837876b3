import { create, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Cause, ErrorChainSchema } from "../../gen/errchain/v1/error_chain_pb.js";
import { arbitraryChain, withUnknownFields } from "../../test/support/arbitrary-chain.js";
import { readChain, repairChain } from "./read.js";
import { isTextAt, scanChain } from "./scan.js";

/** A chain of one cause, A_1, with more bytes in the cause. */
function causeWith(...more: number[]): Uint8Array {
  const cause = [0x0a, 1, 0x41, 0x1a, 1, 0x31, ...more];
  return Uint8Array.from([0x0a, cause.length | 0x80, cause.length >> 7, ...cause]);
}

describe("scanChain", () => {
  test("accepts every chain that this library writes, with unknown fields too", () => {
    fc.assert(
      fc.property(arbitraryChain({ min: 1, max: 40 }), (chain) => {
        for (const bytes of [toBinary(ErrorChainSchema, chain), withUnknownFields(chain)]) {
          const { causes, traceId } = chain;
          const [{ system, procedure, provenance }] = causes as [Cause];
          const {
            nearest = { systemAt: 0, procedureAt: 0 },
            traceIdAt = -1,
            ...scan
          } = scanChain(bytes) ?? {};
          expect(scan).toEqual({
            causes: causes.length,
            hasRetry: causes.some(({ retry }) => retry !== undefined),
            isLine: causes.every(({ branches }) => branches <= 1),
          });
          expect(traceIdAt > 0).toBe(traceId.length > 0);
          expect(bytes.slice(traceIdAt, traceIdAt + traceId.length)).toEqual(traceId);
          expect(nearest).toMatchObject({ provenance });
          expect(isTextAt(bytes, nearest.systemAt, system)).toBe(true);
          expect(isTextAt(bytes, nearest.systemAt, `${system}X`)).toBe(false);
          expect(isTextAt(bytes, nearest.procedureAt, procedure)).toBe(
            /^[\0-\x7f]*$/.test(procedure),
          );
        }
      }),
    );
  });

  // Each is refused by the decoder of some language, protobuf-es or upb (Python).
  test.each<[string, Uint8Array]>([
    ["a varint of 11 bytes in a known field", causeWith(0x40, ...Array(10).fill(0x80), 1)],
    ["a varint of 11 bytes in an unknown field", causeWith(0xc8, 0x3e, ...Array(10).fill(0x80), 1)],
    ["a varint over 64 bits", causeWith(0x40, ...Array(9).fill(0xff), 2)],
    ["a length over 32 bits", causeWith(0x2a, 0x82, 0x80, 0x80, 0x80, 0x10, 0x61, 0x62)],
    ["a length of 7 bytes", causeWith(0x2a, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 0x61)],
    ["a tag over 32 bits", causeWith(0xc8, 0xbe, 0x80, 0x80, 0x10, 1)],
    ["the field number 0", causeWith(0x00, 1)],
    ["a group", causeWith(0xcb, 0x3e, 0xcc, 0x3e)],
    [
      "deep groups",
      causeWith(...Array(99).fill([0xcb, 0x3e]).flat(), ...Array(99).fill([0xcc, 0x3e]).flat()),
    ],
    ["the end of a group", causeWith(0xcc, 0x3e)],
    ["text that is not UTF-8", causeWith(0x2a, 1, 0xff)],
    ["a surrogate in UTF-8", causeWith(0x2a, 3, 0xed, 0xa0, 0x80)],
    ["a number where text should be", causeWith(0x28, 1)],
    ["text where a number should be", causeWith(0x42, 1, 0x61)],
    ["a key that is not UTF-8", causeWith(0x32, 3, 0x0a, 1, 0xff)],
    ["a field that ends beyond its cause", causeWith(0x2a, 9, 0x61)],
    ["a number that ends beyond its cause", causeWith(0x40, 0x80)],
    ["a cause that ends beyond the chain", Uint8Array.of(0x0a, 9, 0x0a, 1, 0x41)],
    ["a cause without a code", Uint8Array.of(0x0a, 3, 0x0a, 1, 0x41)],
    ["a cause whose code is emptied again", causeWith(0x1a, 0)],
    ["a trace ID of 3 bytes", Uint8Array.of(...causeWith(), 0x12, 3, 1, 2, 3)],
    ["two trees", Uint8Array.of(...causeWith(), ...causeWith())],
    ["a tree that is not whole", causeWith(0x78, 1)],
    ["nothing", Uint8Array.of()],
  ])("refuses %s, and repairs what it can", (what, bytes) => {
    expect(scanChain(bytes)).toBeUndefined();
    const repaired = repairChain(bytes);
    const { causes } = readChain(bytes);
    if (causes.length > 0) {
      expect(scanChain(repaired)?.causes).toBe(causes.length);
    }
    if (!/without a code|emptied|nothing|beyond the chain/.test(what)) {
      expect(causes[0]).toMatchObject({ system: "A", code: "1" });
    }
  });

  test("refuses a trace ID that would fill the budget", () => {
    const chain = create(ErrorChainSchema, {
      causes: [{ system: "A", code: "1" }],
      traceId: new Uint8Array(4_200),
    });
    const bytes = toBinary(ErrorChainSchema, chain);
    expect(scanChain(bytes)).toBeUndefined();
    expect(readChain(bytes).traceId).toHaveLength(0);
  });
});
