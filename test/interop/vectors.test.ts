import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  create,
  fromBinary,
  type JsonValue,
  type MessageInitShape,
  toBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
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

  here.each(
    vectors<{ own: string; traceId: string; below: string[]; chain: JsonValue }>("over-budget"),
  )("join over the budget: $name", async ({ own, traceId, below, chain }) => {
    const { encoded = "" } = (await hop?.ask("join", own, traceId, ...below)) ?? {};
    expect(encoded.length / 2).toBeLessThanOrEqual(4096);
    expect((await hop?.ask("read", encoded))?.chain).toEqual(chain);
  });

  here.each(vectors<{ package: string; service: string; system: string }>("systems"))(
    "system without an option: $name",
    async ({ package: protoPackage, service, system }) => {
      const file = protoFile({ package: protoPackage, service: [{ name: service }] });
      const observed = await hop?.ask("observe", file);
      expect(observed?.codes).toEqual([`${system}_3`]);
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

  here(
    "keeps the cause of a fan-out that failed first, and counts no further than it can",
    async () => {
      const own = create(CauseSchema, { system: "WMS", code: "10001", message: "x".repeat(5000) });
      const occurredAt = (seconds: number) => ({ seconds: BigInt(seconds), nanos: 0 });
      const below = create(ErrorChainSchema, {
        causes: [
          { system: "HOP", code: "1000", branches: 3, elided: 0xffff_ffff },
          { system: "STOCK", code: "7001", occurredAt: occurredAt(15) },
          { system: "ROUTE", code: "20003", occurredAt: occurredAt(10) },
          { system: "PRICE", code: "8001", occurredAt: occurredAt(12) },
        ],
      });
      const answer = await hop?.ask(
        ...["join", hex(toBinary(CauseSchema, own)), "", hex(toBinary(ErrorChainSchema, below))],
      );
      const encoded = Uint8Array.from(Buffer.from(answer?.encoded ?? "", "hex"));
      expect(fromBinary(ErrorChainSchema, encoded).causes).toMatchObject([
        { system: "WMS", branches: 1, elided: 0xffff_ffff },
        { system: "ROUTE" },
      ]);
    },
  );

  here("cuts the names of a chain that is too large", async () => {
    const [name, reason] = ["R".repeat(70), "X".repeat(6000)];
    const own = create(CauseSchema, { system: "WMS", code: "10001" });
    const below = create(ErrorChainSchema, {
      causes: [{ system: name, module: name, code: name, reason, message: reason }],
    });
    const answer = await hop?.ask(
      ...["join", hex(toBinary(CauseSchema, own)), "", hex(toBinary(ErrorChainSchema, below))],
    );
    const encoded = Uint8Array.from(Buffer.from(answer?.encoded ?? "", "hex"));
    expect(encoded.length).toBeLessThanOrEqual(4096);
    const part = "R".repeat(63);
    expect(fromBinary(ErrorChainSchema, encoded).causes[1]).toMatchObject({
      system: part,
      module: part,
      code: part,
      reason: "",
      message: "X".repeat(512),
    });
  });

  here("joins to no chain where nobody could read its own cause", async () => {
    const below = create(ErrorChainSchema, { causes: [{ system: "ROUTE", code: "20003" }] });
    for (const message of ["", "x".repeat(5000)]) {
      const own = create(CauseSchema, { code: "10001", message });
      const answer = await hop?.ask(
        ...["join", hex(toBinary(CauseSchema, own)), "", hex(toBinary(ErrorChainSchema, below))],
      );
      expect(answer?.encoded ?? "").toBe("");
    }
  });

  here.each([
    { zero: "ROUTE_ERROR_UNSPECIFIED", reason: "NO_RANGE" },
    { zero: "ROUTE_ERROR_NONE_OF_THE_OTHERS", reason: "ROUTE_ERROR_NO_RANGE" },
    { zero: "PLANNING_AND_ROUTING_UNSPECIFIED", reason: "ROUTE_ERROR_NO_RANGE" },
    { zero: undefined, reason: "ROUTE_ERROR_NO_RANGE" },
  ])("gives the reason $reason where the enum begins with $zero", async ({ zero, reason }) => {
    const code = { name: "ROUTE_ERROR_NO_RANGE", number: 20003 };
    const value = zero === undefined ? [code] : [{ name: zero, number: 0 }, code];
    const file = protoFile({ package: "route.v1", enumType: [{ name: "RouteError", value }] });
    const raised = await hop?.ask("raise", file, "20003");
    expect(raised?.root).toMatchObject({ code: "20003", reason });
  });

  here.each([
    ["a digit that is none", "00-0af7651916cd43dd8448eb211c80319Z-b7ad6b7169203331-01"],
    ["upper case", "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01"],
    ["too short", "00-0af7651916cd43dd8448eb211c8031-b7ad6b7169203331-01"],
    ["no version", "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-00"],
    ["a version that is none", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
    ["zeros only", "00-00000000000000000000000000000000-b7ad6b7169203331-01"],
    ["a span ID of zeros", "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01"],
  ])("finds no trace ID in a traceparent with %s", async (_, traceparent) => {
    const { address = "" } = hop ?? {};
    const answer = await hop?.ask(
      ...["call", address, "1", `x-next=${address},${address}`, `traceparent=${traceparent}`],
    );
    expect(answer?.codes).toHaveLength(3);
    expect(answer?.chain).not.toHaveProperty("traceId");
  });
});

/** A proto file for the commands "raise" and "observe". */
function protoFile(init: MessageInitShape<typeof FileDescriptorProtoSchema>): string {
  // Only in proto2 may an enum begin with another value than 0.
  const file = create(FileDescriptorProtoSchema, { name: "test.proto", syntax: "proto2", ...init });
  return hex(toBinary(FileDescriptorProtoSchema, file));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
