import { describe, expect, expectTypeOf, test } from "vitest";
import { type Placeholders, parseTemplate } from "./template.js";

describe("parseTemplate", () => {
  test.each([
    ["no delivery range for {address}", "no delivery range for A"],
    ["{address}{product}{address}", "ABA"],
    ["{{address}} {product}", "{address} B"],
    ["{{{address}}}", "{A}"],
    ["a { b } {not a name} {", "a { b } {not a name} {"],
    ["range {from {address}", "range {from A"],
    ["{missing} {constructor}", "{missing} {constructor}"],
    ["没有为{address}配置", "没有为A配置"],
    ["$& {address} \\ `quoted`", "$& A \\ `quoted`"],
  ])("%j", (template, rendered) => {
    expect(parseTemplate(template).render({ address: "A", product: "B" })).toBe(rendered);
  });

  test("does not look for placeholders in values", () => {
    const { render } = parseTemplate("{a}{b}");
    expect(render({ a: "{b}", b: "{a}" })).toBe("{b}{a}");
  });

  test("names each placeholder once", () => {
    expect(parseTemplate("{a} {{b}} {c_1} {a}").names).toEqual(["a", "c_1"]);
  });
});

test("the type of a template has the same placeholders", () => {
  expectTypeOf<Placeholders<"a {a} {{b}} {c_1} {a}">>().toEqualTypeOf<"a" | "c_1">();
  expectTypeOf<Placeholders<"{{{address}}}">>().toEqualTypeOf<"address">();
  expectTypeOf<Placeholders<"none, { } {not a name}">>().toEqualTypeOf<never>();
  expectTypeOf<Placeholders<"range {from {id}">>().toEqualTypeOf<"id">();
  expectTypeOf<Placeholders<'json {"k": {id}}'>>().toEqualTypeOf<"id">();
  type Ten = "{a0}{a1}{a2}{a3}{a4}{a5}{a6}{a7}{a8}{a9}";
  type Sixty = `${Ten}${Ten}${Ten}${Ten}${Ten}${Ten}{last}`;
  expectTypeOf<"last">().toExtend<Placeholders<Sixty>>();
  expectTypeOf<Placeholders<string>>().toEqualTypeOf<string>();
});
