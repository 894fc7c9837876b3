import { create } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { ErrorChainSchema, RetryAdvice, Visibility } from "../../gen/errchain/v1/error_chain_pb.js";
import { exposeChain } from "./expose.js";

const { INTERNAL, PARTNER, PUBLIC } = Visibility;

/** A chain of causes from code, visibility, branches. */
function chain(...causes: [string, Visibility, number][]) {
  return create(ErrorChainSchema, {
    traceId: new Uint8Array(16).fill(1),
    sealed: Uint8Array.of(1, 2, 3),
    causes: causes.map(([code, visibility, branches]) => ({
      system: `S${code}`,
      code,
      visibility,
      branches,
      message: `message ${code}`,
      elided: 5,
      inferred: true,
    })),
  });
}

function shape(exposed: ReturnType<typeof exposeChain>) {
  return exposed.causes.map(({ code, branches, elided, message }) => [
    code,
    branches,
    elided,
    message,
  ]);
}

describe("exposeChain", () => {
  const tree = chain(
    ["1", INTERNAL, 2],
    ["2", INTERNAL, 2],
    ["3", PUBLIC, 0],
    ["4", PARTNER, 0],
    ["5", PUBLIC, 1],
    ["6", INTERNAL, 1],
    ["7", PUBLIC, 0],
  );

  test("shows everything inside", () => {
    expect(exposeChain(tree, "internal")).toBe(tree);
  });

  test("shows every system to partners", () => {
    const exposed = exposeChain(tree, "partner");
    expect(shape(exposed)).toEqual([
      ["1", 2, 5, ""],
      ["2", 2, 5, ""],
      ["3", 0, 5, "message 3"],
      ["4", 0, 5, "message 4"],
      ["5", 1, 5, "message 5"],
      ["6", 1, 5, ""],
      ["7", 0, 5, "message 7"],
    ]);
    expect(exposed.sealed).toHaveLength(0);
    expect(exposed.causes.every((cause) => !cause.inferred)).toBe(true);
  });

  test("shows partners what they need to decide on a retry", () => {
    const retry = { advice: RetryAdvice.RETRY, attempts: 3, delay: durationFromMs(7000) };
    const received = create(ErrorChainSchema, {
      causes: [{ system: "A", code: "100", visibility: PARTNER, status: 14, retry }],
    });
    expect(exposeChain(received, "partner").causes).toMatchObject([
      { visibility: PARTNER, status: 14, retry },
    ]);
  });

  test("shows partners no text that stands in the place of a name", () => {
    const odd = create(ErrorChainSchema, {
      causes: [
        { system: "A", code: "100", branches: 2 },
        { system: "of bob", module: "b c", code: "select 1", reason: "user bob not found" },
        { system: "C", code: "300", reason: "NOT_FOUND" },
      ],
    });
    expect(exposeChain(odd, "partner").causes).toMatchObject([
      { system: "A", code: "100" },
      { system: "UNKNOWN", module: "", code: "1", reason: "" },
      { system: "C", code: "300", reason: "NOT_FOUND" },
    ]);
  });

  test("shows no help but links", () => {
    const helps = ["https://docs.example.com/1", "javascript:alert(1)"];
    const linked = create(ErrorChainSchema, {
      causes: helps.map((help, n) => ({
        system: "A",
        code: "100",
        visibility: PUBLIC,
        help,
        branches: 1 - n,
      })),
    });
    for (const exposure of ["partner", "public"] as const) {
      expect(exposeChain(linked, exposure).causes.map(({ help }) => help)).toEqual([helps[0], ""]);
    }
  });

  test("shows the public neither hidden systems nor how many there are", () => {
    const exposed = exposeChain(tree, "public");
    expect(shape(exposed)).toEqual([
      ["1", 2, 0, ""],
      ["3", 0, 0, "message 3"],
      ["5", 1, 0, "message 5"],
      ["7", 0, 0, "message 7"],
    ]);
    expect(exposed.traceId).toEqual(tree.traceId);
    expect(exposed.sealed).toHaveLength(0);
  });

  test("treats a visibility that it does not know as internal", () => {
    const unknown = chain(["1", 99 as Visibility, 1], ["2", 0 as Visibility, 0]);
    expect(shape(exposeChain(unknown, "partner")).map(([, , , message]) => message)).toEqual([
      "",
      "",
    ]);
    expect(exposeChain(unknown, "public").causes).toHaveLength(1);
  });

  test("takes a chain without causes", () => {
    for (const exposure of ["partner", "public"] as const) {
      expect(exposeChain(chain(), exposure).causes).toEqual([]);
    }
  });
});
