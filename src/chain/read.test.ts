import { create, equals, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CauseSchema, ErrorChainSchema } from "../../gen/errchain/v1/error_chain_pb.js";
import { arbitraryChain, withUnknownFields } from "../../test/support/arbitrary-chain.js";
import { formatErrorChain } from "./format.js";
import { MAX_CAUSES, MAX_READ_BYTES, MAX_READ_CAUSES } from "./limits.js";
import { readChain, repairChain } from "./read.js";
import { rootCause } from "./root-cause.js";
import { scanChain } from "./scan.js";

function chainOf(...causes: Uint8Array[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const cause of causes) {
    writer.tag(1, WireType.LengthDelimited).bytes(cause);
  }
  return writer.finish();
}

const cause = toBinary(CauseSchema, create(CauseSchema, { system: "A", code: "1" }));

describe("readChain", () => {
  test("reads back what was written", () => {
    fc.assert(
      fc.property(arbitraryChain({ min: 1, max: 40 }), (chain) => {
        const read = readChain(toBinary(ErrorChainSchema, chain));
        expect(equals(ErrorChainSchema, read, chain)).toBe(true);
      }),
    );
  });

  test("keeps unknown fields", () => {
    fc.assert(
      fc.property(arbitraryChain({ min: 1, max: 8 }), (chain) => {
        const bytes = withUnknownFields(chain);
        expect(Buffer.from(toBinary(ErrorChainSchema, readChain(bytes)))).toEqual(
          Buffer.from(bytes),
        );
      }),
    );
  });

  const damaged = (fields: number) => {
    const writer = new BinaryWriter().tag(1, WireType.LengthDelimited).string("A");
    for (let n = 0; n < fields; n++) {
      writer.tag(5, WireType.LengthDelimited).bytes(Uint8Array.of(0xff));
    }
    return writer.tag(3, WireType.LengthDelimited).string("1").finish();
  };

  test("mends a few fields of a cause, and no thousands", () => {
    const [mended] = readChain(chainOf(damaged(3))).causes;
    expect(mended).toMatchObject({ system: "A", code: "1", message: "\ufffd" });
    expect(readChain(chainOf(damaged(20_000))).causes).toEqual([]);
  });

  test("mends a text in every cause that may be sent, and no more in all of a longer chain", () => {
    const { causes } = readChain(chainOf(...Array(MAX_CAUSES).fill(damaged(1))));
    expect(causes).toHaveLength(MAX_CAUSES);
    expect(causes.every(({ message }) => message === "\ufffd")).toBe(true);

    const hostile = chainOf(...Array(MAX_READ_CAUSES).fill(damaged(16)), cause);
    const read = readChain(hostile);
    expect(read.causes.length).toBeLessThan(10);
    expect(read.causes.at(-1)).toMatchObject({ system: "A", code: "1" });
    expect(repairChain(hostile)).toBe(repairChain(hostile)); // remembered
  });

  test("never throws, and gives one tree, for any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
        const chain = readChain(bytes);
        rootCause(chain);
        formatErrorChain(chain, { style: "tree" });
        if (chain.causes.length > 0) {
          expect(scanChain(toBinary(ErrorChainSchema, chain))?.causes).toBe(chain.causes.length);
        }
      }),
      { numRuns: 5000 },
    );
  });

  test("is bounded in time and memory", () => {
    const manyCauses = new Uint8Array(1 << 20);
    for (let at = 0; at + 8 <= manyCauses.length; at += 8) {
      manyCauses.set([0x0a, 6, 0x0a, 1, 0x41, 0x1a, 1, 0x31], at); // { system: "A", code: "1" }
    }
    const chain = readChain(manyCauses);
    expect(chain.causes).toHaveLength(MAX_READ_CAUSES);
    expect(chain.causes.at(-1)?.elided).toBe(MAX_READ_BYTES / 8 - MAX_READ_CAUSES);

    const hugeText = create(CauseSchema, { system: "A", code: "1", message: "x".repeat(1 << 20) });
    const [read] = readChain(chainOf(toBinary(CauseSchema, hugeText))).causes;
    expect(read?.message.length ?? 0).toBeLessThanOrEqual(MAX_READ_BYTES);

    const deepJunk = new Uint8Array(1 << 20).fill(0x0b); // a group in a group in a group …
    expect(readChain(deepJunk).causes).toEqual([]);
    expect(readChain(chainOf(deepJunk.subarray(0, 60_000))).causes).toEqual([]);
  });

  test("takes any branches that a peer may claim", () => {
    const claims = (branches: number) =>
      toBinary(CauseSchema, create(CauseSchema, { system: "A", code: "1", branches }));
    const { causes } = readChain(chainOf(claims(0xffffffff), claims(7), cause));
    expect(causes.map((c) => c.branches)).toEqual([1, 1, 0]);
  });

  test("mends text that is not UTF-8, and keeps the rest of the cause", () => {
    const writer = new BinaryWriter().raw(cause);
    writer.tag(5, WireType.LengthDelimited).bytes(Uint8Array.of(0x61, 0xff, 0x62));
    writer.tag(14, WireType.LengthDelimited).bytes(Uint8Array.of(0xff)); // a broken timestamp
    writer.tag(12, WireType.LengthDelimited).string("a.B/C");
    expect(readChain(chainOf(writer.finish())).causes).toMatchObject([
      { system: "A", code: "1", message: "a\ufffdb", procedure: "a.B/C" },
    ]);
  });

  test("keeps what comes before the end of bytes that were cut off", () => {
    const whole = chainOf(cause, cause);
    expect(readChain(whole.subarray(0, whole.length - 2)).causes).toHaveLength(1);
  });

  test("keeps enum values that this version does not know", () => {
    const unknown = (value: number) => value as never;
    const newer = create(CauseSchema, {
      system: "A",
      code: "1",
      status: unknown(99),
      provenance: unknown(77),
    });
    const bytes = chainOf(toBinary(CauseSchema, newer));
    expect(readChain(bytes).causes).toMatchObject([{ status: 99, provenance: 77 }]);
  });

  test("leaves out what is no cause", () => {
    expect(readChain(chainOf(Uint8Array.of(), cause)).causes).toHaveLength(1);
  });
});
