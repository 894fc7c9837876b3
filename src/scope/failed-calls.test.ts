import { create, type DescMethod } from "@bufbuild/protobuf";
import { DurationSchema, FieldMaskSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { lastFailures, noteFailure, noteSuccess, type StartedCall } from "./failed-calls.js";
import { beginScope } from "./request-scope.js";

/** How many failures of a request are left, when a call has failed and one has succeeded. */
function failuresLeft(input: DescMethod["input"], failed: unknown, succeeding: () => unknown) {
  const method = { input } as DescMethod;
  const scope = beginScope({ header: new Headers(), signal: new AbortController().signal });
  const call = (request: unknown): StartedCall => {
    return { method, peerName: "", request, startedAt: scope.clock++ };
  };
  noteFailure(scope, call(failed), new Uint8Array(), undefined);
  noteSuccess(scope, call(succeeding()));
  return lastFailures(scope).length;
}

describe("a failed call is forgotten when the same one succeeds", () => {
  test("by what the request said when it failed, at any depth", () => {
    const flat = create(DurationSchema, { nanos: 1 });
    const nested = create(FieldMaskSchema, { paths: ["a"] });
    expect(failuresLeft(DurationSchema, flat, () => Object.assign(flat, { nanos: 2 }))).toBe(1);
    expect(
      failuresLeft(FieldMaskSchema, nested, () => {
        nested.paths[0] = "b";
        return nested;
      }),
    ).toBe(1);
  });

  test("also where that is another object, or none that create() has made", () => {
    const nanos = create(DurationSchema, { nanos: 1 });
    expect(failuresLeft(DurationSchema, nanos, () => ({ nanos: 1 }))).toBe(0);
    const paths = create(FieldMaskSchema, { paths: ["a"] });
    expect(failuresLeft(FieldMaskSchema, { paths: ["a"] }, () => paths)).toBe(0);
  });
});
