import { readFileSync } from "node:fs";
import { join } from "node:path";
import { create, fromBinary, type JsonValue, toBinary } from "@bufbuild/protobuf";
import { CauseSchema, ErrorChainSchema } from "errchain/proto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Hop, startHop, whyNot } from "./support/hop.ts";

// What is written down in test/vectors, for the code that other languages copy.

interface Case {
  readonly name: string;
}

function vectors<T>(name: string): (T & Case)[] {
  const file = join(import.meta.dirname, "..", "vectors", `${name}.json`);
  return JSON.parse(readFileSync(file, "utf8"));
}

describe.each(["go", "python", "java"])("%s", (name) => {
  const here = test.runIf(whyNot(name) === undefined);
  let hop: Hop | undefined;

  beforeAll(async () => {
    hop = whyNot(name) === undefined ? await startHop(name) : undefined;
  });

  afterAll(() => hop?.stop());

  here.each([
    ...vectors<{ hex: string; chain: JsonValue; codes?: string[]; root?: string }>("chains"),
    ...vectors<{ hex: string; chain: JsonValue; codes?: string[]; root?: string }>("hostile"),
  ])("chain: $name", async ({ hex, chain, codes, root }) => {
    const read = await hop?.ask("read", hex);
    expect(read?.chain ?? null).toEqual(chain);
    if (codes !== undefined) {
      expect(read?.codes).toEqual(codes);
      const { system, module, code } = read?.root ?? {};
      expect([system, module, code].filter(Boolean).join("_")).toBe(root);
    }
  });

  here.each(vectors<{ own: string; traceId: string; below: string[]; joined: string }>("join"))(
    "join: $name",
    async ({ own, traceId, below, joined }) => {
      expect(await hop?.ask("join", own, traceId, ...below)).toMatchObject({ encoded: joined });
    },
  );

  here.each(vectors<{ value: string; status: number; codes: string[] | null }>("details-bin"))(
    "grpc-status-details-bin: $name",
    async ({ value, status, codes }) => {
      const read = await hop?.ask("details", value);
      expect(read?.status).toBe(status);
      expect(read?.codes ?? null).toEqual(codes);
    },
  );

  here("keeps the nearest and the root cause of a chain that is too large", async () => {
    const own = create(CauseSchema, { system: "WMS", code: "10001", message: "没有".repeat(400) });
    const traceId = Uint8Array.from({ length: 16 }, (_, n) => n);
    for (const [hops, letters] of [
      [32, 0],
      [5, 400],
    ] as const) {
      const causes = Array.from({ length: hops }, (_, n) => ({
        system: "HOP",
        code: String(1000 + n),
        message: "配送".repeat(letters),
        branches: n < hops - 1 ? 1 : 0,
        elided: n === 1 ? 3 : 0,
      }));
      const below = create(ErrorChainSchema, { causes, traceId });
      const answer = await hop?.ask(
        ...["join", hex(toBinary(CauseSchema, own)), "", hex(toBinary(ErrorChainSchema, below))],
      );
      const encoded = Uint8Array.from(Buffer.from(answer?.encoded ?? "", "hex"));
      expect(encoded.length).toBeLessThanOrEqual(4096);
      const joined = fromBinary(ErrorChainSchema, encoded);
      expect(joined.causes).toMatchObject([
        { system: "WMS", code: "10001", branches: 1, elided: hops - 1 + 3 },
        { system: "HOP", code: String(999 + hops), branches: 0 },
      ]);
      expect(joined.causes[0]?.message).toMatch(/^(没有)+没?$/);
      expect(joined.traceId).toEqual(traceId);
    }
  });
});

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
