import { create, toBinary } from "@bufbuild/protobuf";
import { base64Encode } from "@bufbuild/protobuf/wire";
import { ConnectError } from "@connectrpc/connect";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ErrorChain, ErrorChainSchema } from "../../gen/errchain/v1/error_chain_pb.js";
import { arbitraryChain } from "../../test/support/arbitrary-chain.js";
import { rootOfChain } from "../chain/root-cause.js";
import { openSealed } from "./open-sealed.js";
import { sealChain } from "./seal.js";
import { newSealingKey, sealingKey } from "./sealing-key.js";

const key = sealingKey(newSealingKey("2026-11"));
const otherKey = sealingKey(newSealingKey("2026-12"));
const impostor = sealingKey(newSealingKey("2026-11"));

const chain = create(ErrorChainSchema, {
  causes: [
    {
      system: "A",
      code: "100",
      message: "nearest",
      privateArgs: { host: "10.0.0.7" },
      branches: 1,
    },
    { system: "B", code: "200", message: "root" },
  ],
});

describe("a sealed chain", () => {
  test("opens with the key that sealed it, among others", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryChain({ min: 1, max: 10 }), async (any) => {
        const sealed = await sealChain(any, key, 100_000);
        expect(await openSealed(sealed, [otherKey, key])).toEqual(any);
      }),
      { numRuns: 50 },
    );
  });

  test("is never the same twice", async () => {
    expect(await sealChain(chain, key, 4096)).not.toEqual(await sealChain(chain, key, 4096));
  });

  test("opens from an error, a chain, bytes, and text with line breaks in it", async () => {
    const sealed = await sealChain(chain, key, 4096);
    const outer = create(ErrorChainSchema, { causes: [{ system: "E", code: "1" }], sealed });
    const err = new ConnectError("", undefined, undefined, [
      { desc: ErrorChainSchema, value: outer },
    ]);
    const text = base64Encode(sealed).replaceAll(/(.{40})/g, "$1\r\n  ");
    const urlText = base64Encode(sealed, "url");
    for (const given of [outer, err, new Error("outer", { cause: err }), sealed, text, urlText]) {
      expect(await openSealed(given, key)).toEqual(chain);
    }
  });

  test("does not open when a bit anywhere is flipped, or when it is cut off", async () => {
    const sealed = await sealChain(chain, key, 4096);
    for (let at = 0; at < sealed.length; at++) {
      const flipped = Uint8Array.from(sealed);
      flipped[at] = (flipped[at] as number) ^ (1 << (at % 8));
      await expect(openSealed(flipped, [key, otherKey])).rejects.toThrow(
        /changed or cut off|no sealed chain|is cut off|was sealed with the key/,
      );
      await expect(openSealed(sealed.subarray(0, at), key)).rejects.toThrow(
        /changed or cut off|no sealed chain|is cut off|was sealed with the key/,
      );
    }
    await expect(openSealed(Uint8Array.of(...sealed, 0), key)).rejects.toThrow(
      /changed or cut off/,
    );
  });

  test("has a length that does not tell how many causes it holds", async () => {
    const lengths = new Set<number>();
    for (let hidden = 1; hidden < 10; hidden++) {
      const causes = Array.from({ length: hidden }, (_, n) => ({
        system: "HIDDEN",
        code: "100",
        message: "some forty characters of a usual message",
        branches: n < hidden - 1 ? 1 : 0,
      }));
      const sealed = await sealChain(create(ErrorChainSchema, { causes }), key, 4096);
      lengths.add(sealed.length);
    }
    expect(lengths.size).toBe(1);
  });

  test("opens where another key has the same ID", async () => {
    const sealed = await sealChain(chain, key, 4096);
    expect(await openSealed(sealed, [impostor, key])).toEqual(chain);
  });

  test("says which key it needs", async () => {
    const sealed = await sealChain(chain, key, 4096);
    await expect(openSealed(sealed, otherKey)).rejects.toThrow(
      'the chain was sealed with the key "2026-11"; the keys at hand are "2026-12"',
    );
    await expect(openSealed(sealed, [])).rejects.toThrow("the keys at hand are none");
    await expect(openSealed(sealed, impostor)).rejects.toThrow(/is not the same key/);
  });

  test("keeps its trace ID where only the root cause fits", async () => {
    const traceId = new Uint8Array(16).fill(7);
    const alone: ErrorChain[] = [];
    for (let maxBytes = 60; maxBytes < 200; maxBytes++) {
      const sealed = await sealChain({ ...chain, traceId }, key, maxBytes);
      const opened = sealed.length > 0 ? [await openSealed(sealed, key)] : [];
      alone.push(...opened.filter(({ causes }) => causes.length === 1));
    }
    expect(alone.length).toBeGreaterThan(0);
    for (const opened of alone) {
      expect(opened).toMatchObject({ causes: [{ system: "B" }], traceId });
    }
  });

  test("with a key ID that steers a terminal is none", async () => {
    const steering = Uint8Array.of(1, 5, 0xc2, 0x9b, 0x33, 0x31, 0x6d, ...new Uint8Array(28));
    await expect(openSealed(steering, key)).rejects.toThrow(/^this is no sealed chain$/);
  });

  test("of anything else is refused with a reason", async () => {
    await expect(openSealed("no base64 !!", key)).rejects.toThrow("no base64 text");
    await expect(openSealed(new Error("x"), key)).rejects.toThrow("nothing sealed in this error");
    await expect(openSealed(new Uint8Array(), key)).rejects.toThrow("no sealed chain");
    await expect(openSealed(Uint8Array.of(9, 1, 2), key)).rejects.toThrow("of a later version");
  });

  test("keeps to its budget, and keeps the root cause longest", async () => {
    await fc.assert(
      fc.asyncProperty(
        arbitraryChain({ min: 1, max: 20 }),
        fc.integer({ min: 0, max: 3000 }),
        async (any, maxBytes) => {
          const root = rootOfChain(any);
          const sealed = await sealChain(any, key, maxBytes);
          expect(sealed.length).toBeLessThanOrEqual(Math.max(maxBytes, 0));
          if (sealed.length > 0) {
            const opened: ErrorChain = await openSealed(sealed, key);
            expect(opened.causes.map(({ system, code }) => [system, code])).toContainEqual([
              root?.system,
              root?.code,
            ]);
          } else {
            expect(maxBytes).toBeLessThan(toBinary(ErrorChainSchema, any).length + 50);
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe("sealingKey", () => {
  test.each([
    "",
    "x",
    "errchain-key-1.a",
    "errchain-key-1.a.AAAA",
    "errchain-key-2.a.x",
    "a.b.c.d",
  ])("refuses %j", (text) => {
    expect(() => sealingKey(text)).toThrow(/not a sealing key: it must be what "errchain keygen"/);
  });

  test("takes a text with white space around it", () => {
    expect(sealingKey(` ${newSealingKey("a-1_B")}\n`).id).toBe("a-1_B");
  });

  test("refuses to make a key with a wrong ID", () => {
    expect(() => newSealingKey("a.b")).toThrow(/the key ID "a\.b" must have the form/);
  });
});
