import * as fc from "fast-check";
import { expect, test } from "vitest";
import { formatLogLine } from "../chain/log-line.js";
import { findLogLines } from "./find-log-lines.js";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const line = `${traceId}|ROUTE_DISPATCH_20003|no "range"`;
const json = (message: string) => JSON.stringify({ level: "error", log: message, n: 1 });
const whole = { traceId, fullCode: "ROUTE_DISPATCH_20003", message: 'no "range"' };

test.each([
  `\`${line}\``,
  `see \`\`\`${line}\`\`\` in the log`,
  `“${line}”`,
  `He wrote: “${line}”.`,
  `‘${line}’`,
  `'${line}'`,
  `**${line}**`,
  `\u001b[31m${line}\u001b[0m`,
  `\u001b[1;31mERROR\u001b[0m \u001b[2m${line}\u001b[22m`,
  json(line),
  json(`${line}\n`),
  json(`\u001b[31m${line}\u001b[0m\n`),
  json(json(`${line}\n`)),
  `time=2026-11-29 msg=${JSON.stringify(line)} n=1`,
  `service="x" ${line}`,
  `2026-11-29T10:00:00Z stderr F ${line}`,
  `app-1  | ${line}\r\n`,
  `5" long, ${line}`,
])("the log line in %j is found without what is around it", (text) => {
  expect(findLogLines(text)).toEqual([whole]);
});

test("each of several lines is found, also within one string", () => {
  expect(findLogLines(json(`${line}\n${line}`))).toEqual([whole, whole]);
  expect(findLogLines(`${line}\nother\n\`${line}\``)).toEqual([whole, whole]);
});

test("a line behind very much else is found soon", () => {
  for (const other of ['"\\', ' "', ' "a" ', "`"]) {
    expect(findLogLines(`${other.repeat(2_000_000)} ${line}`)).toEqual([whole]);
  }
});

test("a line that is cut off keeps what is left of its message", () => {
  expect(findLogLines(`{"log":"${traceId}|ROUTE_1|no ran`)).toEqual([
    { traceId, fullCode: "ROUTE_1", message: "no ran" },
  ]);
});

test("what formatLogLine() writes is read exactly", () => {
  const messages = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: fc.constantFrom("`", '"', "'", "”", "*", "\\", "\n", "|", "}", "a", " ") }),
  );
  const ids = fc.string({ unit: fc.constantFrom(..."0123456789abcdef.-:/_@+=A'’") });
  fc.assert(
    fc.property(ids, messages, (id, message) => {
      fc.pre(!id.startsWith("'"));
      const written = { traceId: id, fullCode: "WMS_ORDER_10001", message };
      expect(findLogLines(formatLogLine(written))).toEqual([written]);
      expect(findLogLines(`${formatLogLine(written)}\r\n`)).toEqual([written]);
    }),
  );
});
