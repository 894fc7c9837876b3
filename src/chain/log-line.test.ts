import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ErrorChainSchema } from "../../gen/errchain/v1/error_chain_pb.js";
import { formatLogLine, parseLogLine } from "./log-line.js";

// Any sequence of UTF-16 units, halves of surrogate pairs included.
const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(fc.nat({ max: 0xffff })).map((units) => String.fromCharCode(...units)),
  fc.string({ unit: fc.constantFrom("\\", "|", "n", "u", "0", "\n", "\r", "\u2028", "\ud800") }),
);

describe("formatLogLine", () => {
  test("and parseLogLine are inverse to each other", () => {
    fc.assert(
      fc.property(anyText, anyText, anyText, (traceId, fullCode, message) => {
        const line = { traceId, fullCode, message };
        expect(parseLogLine(formatLogLine(line))).toEqual(line);
      }),
      { numRuns: 2000 },
    );
  });

  test("always gives one line", () => {
    fc.assert(
      fc.property(anyText, (message) => {
        const line = formatLogLine({ traceId: "", fullCode: "", message });
        expect(line).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
        expect(line.isWellFormed()).toBe(true);
      }),
    );
  });

  test("leaves usual text as it is", () => {
    const message = "no range for 汉堡, product A|B";
    expect(formatLogLine({ traceId: "abc", fullCode: "ROUTE_DISPATCH_20003", message })).toBe(
      `abc|ROUTE_DISPATCH_20003|${message}`,
    );
  });

  test("takes the nearest cause of an error", () => {
    const err = new ConnectError("shown to the user", Code.NotFound, undefined, [
      {
        desc: ErrorChainSchema,
        value: create(ErrorChainSchema, {
          causes: [
            { system: "A", code: "100", message: "own", branches: 1 },
            { system: "B", code: "2" },
          ],
          traceId: Uint8Array.from({ length: 16 }, (_, n) => n),
        }),
      },
    ]);
    expect(formatLogLine(err)).toBe("000102030405060708090a0b0c0d0e0f|A_100|own");
    expect(formatLogLine(new Error("no chain"))).toBe("||Error: no chain");
  });
});

describe("parseLogLine", () => {
  test("takes the dotted trace IDs of older systems, and splits at the first two bars only", () => {
    const traceId = "1677474.49460.17235995037011944.3460091.193151.9140";
    expect(parseLogLine(`${traceId}|20003|a|b\r\n`)).toEqual({
      traceId,
      fullCode: "20003",
      message: "a|b",
    });
  });

  test.each(["", "no bars", "one|bar", "a|b|c\nd", "a\nb|c|d"])("refuses %j", (text) => {
    expect(parseLogLine(text)).toBeUndefined();
  });
});
