import { type DescEnum, getOption } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import {
  BuiltinErrorSchema,
  CauseSchema,
  ErrorChainSchema,
  ErrorRetry_ValueSchema,
  ErrorStatus_ValueSchema,
  ErrorVisibility_ValueSchema,
  error,
  RetryAdviceSchema,
  StatusSchema,
  VisibilitySchema,
} from "errchain/proto";
import { expect, test } from "vitest";

// What the proto files say in two places must be the same in both.

function names(desc: DescEnum): [number, string][] {
  return desc.values.slice(1).map((value) => [value.number, value.localName]);
}

test.each([
  [ErrorStatus_ValueSchema, StatusSchema],
  [ErrorVisibility_ValueSchema, VisibilitySchema],
  [ErrorRetry_ValueSchema, RetryAdviceSchema],
])("the short names for catalogs are those on the wire: %s", (short, wire) => {
  expect(names(short)).toEqual(names(wire));
});

test("the statuses are those of Connect", () => {
  const codes = Object.entries(Code).filter(([, code]) => typeof code === "number");
  const normalized = (name: string) => name.replaceAll("_", "").toLowerCase();
  expect(names(StatusSchema).map(([number, name]) => [normalized(name), number])).toEqual(
    codes.map(([name, code]) => [normalized(name), code]),
  );
});

test("the fields are those of the model, under its numbers", () => {
  const fields = (desc: typeof CauseSchema | typeof ErrorChainSchema) =>
    desc.fields.map(({ name, number }) => `${name} = ${number}`).join(", ");
  expect(fields(ErrorChainSchema)).toBe("causes = 1, trace_id = 2, sealed = 3");
  expect(fields(CauseSchema)).toBe(
    "system = 1, module = 2, code = 3, reason = 4, message = 5, args = 6, private_args = 7, " +
      "provenance = 8, visibility = 9, status = 10, retry = 11, procedure = 12, span_id = 13, " +
      "occurred_at = 14, branches = 15, elided = 16, inferred = 17, help = 18",
  );
});

test("every built-in code is declared in full, below 100", () => {
  for (const value of BuiltinErrorSchema.values.slice(1)) {
    expect(value.number).toBeLessThan(100);
    expect(getOption(value, error)).toMatchObject({
      status: expect.toSatisfy((status) => status > 0),
      message: expect.stringMatching(/^[a-z].+[^.]$/),
    });
  }
});
