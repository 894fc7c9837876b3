import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  create,
  createFileRegistry,
  fromBinary,
  type JsonValue,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import {
  formatErrorChain,
  formatLogLine,
  fullCode,
  openSealed,
  parseLogLine,
  rootCause,
  sealingKey,
} from "errchain";
import { CauseSchema, type ErrorChain, ErrorChainSchema } from "errchain/proto";
import { describe, expect, test } from "vitest";
import { componentOf } from "../src/catalog/component.js";
import { boundChain } from "../src/chain/bound.js";
import { composeChain } from "../src/chain/compose.js";
import { readChain } from "../src/chain/read.js";
import { errchain } from "./support/command.js";

// What is written down in test/vectors, for this library.

interface Case {
  readonly name: string;
}

function vectors<T>(name: string): (T & Case)[] {
  const file = join(import.meta.dirname, "vectors", `${name}.json`);
  return JSON.parse(readFileSync(file, "utf8"));
}

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"));
const hex = (encoded: Uint8Array) => Buffer.from(encoded).toString("hex");
const json = (chain: ErrorChain) => toJson(ErrorChainSchema, chain);

interface ChainCase {
  hex: string;
  chain: JsonValue;
  mended?: JsonValue;
  codes?: string[];
  root?: string;
  line?: string;
}

describe.each([...vectors<ChainCase>("chains"), ...vectors<ChainCase>("hostile")])(
  "chain: $name",
  ({ hex, chain, mended = chain, codes, root, line }) => {
    const read = readChain(bytes(hex));

    test("reads", () => {
      expect(read.causes.length > 0 ? json(read) : null).toEqual(mended);
    });

    if (codes !== undefined) {
      test("has its codes, its root and its text", () => {
        expect(read.causes.map(fullCode)).toEqual(codes);
        const cause = rootCause(read);
        expect(cause && fullCode(cause)).toBe(root);
        expect(formatErrorChain(read)).toBe(line);
      });
    }
  },
);

test.each(vectors<{ own: string; traceId: string; below: string[]; joined: string }>("join"))(
  "join: $name",
  ({ own, traceId, below, joined }) => {
    const cause = fromBinary(CauseSchema, bytes(own));
    expect(hex(composeChain(cause, below.map(bytes), traceId, 4096))).toBe(joined);
  },
);

test.each(
  vectors<{ own: string; traceId: string; below: string[]; chain: JsonValue }>("over-budget"),
)("join over the budget: $name", ({ own, traceId, below, chain }) => {
  const cause = fromBinary(CauseSchema, bytes(own));
  const joined = composeChain(cause, below.map(bytes), traceId, 4096);
  expect(joined.length).toBeLessThanOrEqual(4096);
  expect(json(readChain(joined))).toEqual(chain);
});

test.each(vectors<{ package: string; service: string; system: string }>("systems"))(
  "system without an option: $name",
  ({ package: protoPackage, service: name, system }) => {
    const file = create(FileDescriptorProtoSchema, {
      name: "test.proto",
      package: protoPackage,
      syntax: "proto3",
      service: [{ name }],
    });
    const typeName = protoPackage === "" ? name : `${protoPackage}.${name}`;
    const service = createFileRegistry(file, () => undefined).getService(typeName);
    expect(service && componentOf(service)).toEqual({ system, module: "" });
  },
);

test.each(
  vectors<{
    hex: string;
    maxBytes: number;
    codes: string[];
    elided: number[];
    messageBytes: number[];
  }>("budget"),
)("budget: $name", ({ hex, maxBytes, codes, elided, messageBytes }) => {
  const bounded = boundChain(readChain(bytes(hex)), maxBytes);
  expect(toBinary(ErrorChainSchema, bounded).length).toBeLessThanOrEqual(maxBytes);
  expect(bounded.causes.map(fullCode)).toEqual(codes);
  expect(bounded.causes.map((cause) => cause.elided)).toEqual(elided);
  expect(bounded.causes.map(({ message }) => Buffer.byteLength(message))).toEqual(messageBytes);
});

test.each(
  vectors<{ system: string; module: string; code: string; fullCode: string }>("full-codes"),
)("full code: $name", (parts) => {
  expect(fullCode(parts)).toBe(parts.fullCode);
});

test.each(
  vectors<{
    line: string;
    parts: { traceId: string; fullCode: string; message: string } | null;
  }>("log-lines"),
)("log line: $name", ({ line, parts }) => {
  expect(parseLogLine(line)).toEqual(parts ?? undefined);
  if (parts !== null) {
    expect(formatLogLine(parts)).toBe(line);
  }
});

test.each(vectors<{ keys: string[]; sealed: string; codes?: string[]; error?: string }>("sealed"))(
  "sealed: $name",
  async ({ keys, sealed, codes, error }) => {
    const opened = openSealed(sealed, keys.map(sealingKey));
    if (error !== undefined) {
      await expect(opened).rejects.toThrow(error);
    } else {
      expect((await opened).causes.map(fullCode)).toEqual(codes);
    }
  },
);

test.each(vectors<{ value: string; codes: string[] | null }>("details-bin"))(
  "grpc-status-details-bin: $name",
  async ({ value, codes }) => {
    const { code, stdout } = await errchain(["decode", value]);
    expect(code).toBe(codes === null ? 2 : 0);
    expect(stdout.match(/[A-Z]+(_[A-Z]+)?_\d+/g)).toEqual(codes);
  },
);
