import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonValue } from "@bufbuild/protobuf";
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
});
