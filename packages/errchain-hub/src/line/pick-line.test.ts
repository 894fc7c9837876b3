import { formatLogLine } from "errchain";
import fc from "fast-check";
import { expect, test } from "vitest";
import { pickerOf, pickLine, readPickedLine, timeIn } from "./pick-line.js";

const hex = "4bf92f3577b34da6a3ce929d0e0e4736";
const T = Date.parse("2026-01-02T03:04:05Z") * 1000;

test.each([
  ["alone", `${hex}|ROUTE_DISPATCH_20003|no range`, { traceId: hex }],
  ["with a line break", `${hex}|ROUTE_DISPATCH_20003|no range\r\n`, { traceId: hex }],
  ["a legacy ID", "1677474.49460.9140|ROUTE_1|no range", { traceId: "1677474.49460.9140" }],
  ["no ID", "|ROUTE_1|no range", { traceId: "" }],
  ["bars in the message", "t|ROUTE_1|a|b|C_1|", { message: "a|b|C_1|" }],
  ["an escape", "t|ROUTE_1|a\\nb", { message: "a\nb" }],
  ["a logger's prefix", `2026-01-02 03:04:05.25Z ERROR [x] ${hex}|R_1|m`, { timeUs: T + 250_000 }],
  [
    "a container's prefix",
    `2026-01-02T03:04:05.000001234Z stdout F ${hex}|R_1|m`,
    { timeUs: T + 1 },
  ],
  [
    "Docker's JSON",
    JSON.stringify({ log: `${hex}|R_1|m "x"\n`, stream: "stdout", time: "2026-01-02T03:04:05Z" }),
    { traceId: hex, message: 'm "x"', timeUs: T },
  ],
  ["a local time", "2026-01-02 03:04:05 t|R_1|m", { timeIsLocal: true }],
])("picks a line: %s", (_, text, expected) => {
  expect(pickLine(text)).toMatchObject(expected);
});

test.each([
  "",
  "GET /orders 200",
  "a|b|c",
  "| id | CODE_1 | a table |",
  "a|b|CODE_1|a table|",
  "a|[b|CODE_1|a table|",
  '{"traceId":"x|ROUTE_1|y"}',
  `${"x".repeat(200)}|ROUTE_1|the ID is too long`,
  '{"log":"t|R_1|cut',
])("leaves other output alone: %s", (text) => {
  expect(pickLine(text)).toBeUndefined();
});

test("gets back what formatLogLine() has written", () => {
  const traceId = fc.string({ maxLength: 20, unit: "binary" }).filter((id) => !/[\s"{}|]/.test(id));
  fc.assert(
    fc.property(traceId, fc.string({ unit: "binary" }), (traceId, message) => {
      const line = { traceId, fullCode: "ROUTE_DISPATCH_1", message };
      expect(pickLine(formatLogLine(line))).toEqual(line);
    }),
  );
});

const uuid = "4bf92f35-77b3-4da6-a3ce-929d0e0e4736";

test.each([
  ["a bracket", `ERROR [${hex}|A_1000|m]`, hex],
  ["a bracket at the beginning", `[${hex}|A_1000|m]`, hex],
  ["a bracket that closes elsewhere", `ERROR [${hex}|A_1000|m`, hex],
  ["a parenthesis", `ERROR (${hex}|A_1000|m)`, hex],
  ["brackets in a row", `[ERROR][main][${hex}|A_1000|m]`, hex],
  ["a key", `ERROR trace_id=${hex}|A_1000|m`, hex],
  ["a key at the beginning", `trace_id=${hex}|A_1000|m`, hex],
  ["a key and a colon", `ERROR trace:${hex}|A_1000|m`, hex],
  ["a key in a bracket", `ERROR [trace_id=${hex}|A_1000|m]`, hex],
  ["a path", `ERROR projects/shop/traces/${hex}|A_1000|m`, hex],
  ["colours", `\u001b[31m${hex}|A_1000|m\u001b[39m`, hex],
  [
    "colours behind a level",
    `\u001b[1;38:5:9mERROR\u001b[0m \u001b[2m${hex}|A_1000|m\u001b[m`,
    hex,
  ],
  [
    "a colour and the rest of the line",
    `\u001b[31m\u001b[Korder-17|A_1000|m\u001b[m\u001b[K`,
    "order-17",
  ],
  ["fields", `2026-01-02T03:04:05Z|ERROR|${hex}|A_1000|m`, hex],
  ["fields and a key", `2026-01-02|ERROR|trace_id=${hex}|A_1000|m`, hex],
  ["a bracket before a UUID", `ERROR [${uuid}|A_1000|m]`, uuid],
  ["a key before a UUID", `ERROR requestId=${uuid.toUpperCase()}|A_1000|m`, uuid.toUpperCase()],
  ["fields before a UUID", `2026-01-02|ERROR|${uuid}|A_1000|m`, uuid],
  ["a bracket before another ID", "ERROR [1677474.49460.9140|A_1000|m]", "1677474.49460.9140"],
  ["a parenthesis before another ID", "ERROR (order-17|A_1000|m)", "order-17"],
  ["a key before another ID", "ERROR msg=order-17|A_1000|m", "order-17"],
  ["a key and a colon before another ID", "ERROR [traceId:order-17|A_1000|m]", "order-17"],
  ["a bracket before no ID", "ERROR [|A_1000|m]", ""],
  ["a key before no ID", "ERROR trace_id=|A_1000|m", ""],
])("finds the ID behind what is glued to it: %s", (_, text, traceId) => {
  expect(pickLine(text)).toMatchObject({ traceId, fullCode: "A_1000", message: "m" });
});

test.each([
  `order-${hex}`,
  `order_${hex}`,
  `1677474.${hex}`,
  `ab${hex}`,
  "tenant:order-17",
  "a[0]",
  "dGVzdA==",
  "dGVzdDE=",
])("leaves an ID whole that only looks as if something were glued to it: %s", (traceId) => {
  expect(pickLine(`${traceId}|A_1000|m`)).toMatchObject({ traceId, message: "m" });
  expect(pickLine(`ERROR ${traceId}|A_1000|m`)).toMatchObject({ traceId, message: "m" });
});

test("a line that begins with its ID is taken as it is written, unless the ID is well known", () => {
  for (const traceId of ["[order-17", "(a", "trace_id=order-17", "order=17", "["]) {
    const line = { traceId, fullCode: "A_1000", message: "m]" };
    expect(pickLine(formatLogLine(line))).toEqual(line);
  }
});

test.each([
  [`ERROR [${hex}|A_1000|failed [3]`, "failed [3]"],
  [`ERROR [${hex}|A_1000|failed [3]]`, "failed [3]"],
  [`ERROR [${hex}|A_1000|failed)`, "failed)"],
  [`ERROR [x] ${hex}|A_1000|failed]`, "failed]"],
])("drops the end of a bracket only where it began in front of the ID: %s", (text, message) => {
  expect(pickLine(text)).toMatchObject({ traceId: hex, message });
});

test("a time in front of fields and in brackets counts", () => {
  for (const front of [
    "2026-01-02T03:04:05Z|ERROR|",
    "[2026-01-02T03:04:05Z][",
    "2026-01-02T03:04:05Z|id=",
  ]) {
    expect(pickLine(`${front}${hex}|A_1000|m`)).toMatchObject({ traceId: hex, timeUs: T });
  }
});

test("a long line takes no time", () => {
  const started = performance.now();
  pickLine("x".repeat(10_000_000));
  pickLine(`${"|A_".repeat(3_000_000)}`);
  pickLine(`${"\u001b[;;;".repeat(1_000_000)}|A_1|${"]".repeat(1_000_000)}`);
  pickLine(`${"[id=a".repeat(1_000_000)}|A_1|${"[".repeat(1_000_000)}]`);
  expect(performance.now() - started).toBeLessThan(5_000);
});

test("a pattern of one's own", () => {
  const pick = pickerOf("^\\[(?<time>[^\\]]+)\\] (?<code>\\S+) (?<traceId>\\S+) - (?<message>.*)$");
  expect(pick("[2026-01-02T03:04:05+01:00] ROUTE_1 t-1 - no range")).toEqual({
    traceId: "t-1",
    fullCode: "ROUTE_1",
    message: "no range",
    timeUs: T - 3_600_000_000,
  });
  expect(pick("else")).toBeUndefined();
  expect(() => pickerOf("(")).toThrow("no regular expression");
  expect(() => pickerOf("(?<code>x)")).toThrow("no group (?<traceId>…)");
});

test("reads what was picked before, whatever the trace ID looks like", () => {
  for (const traceId of ["order 17", "{4bf9}", '"a|b"', ""]) {
    const line = { traceId, fullCode: "ROUTE_1", message: "a\nb" };
    expect(readPickedLine(formatLogLine(line))).toEqual(line);
  }
  expect(readPickedLine("t|no code|m")).toBeUndefined();
  expect(readPickedLine(`${"x".repeat(200)}|ROUTE_1|m`)).toBeUndefined();
});

test("times", () => {
  expect(timeIn("2026-01-02T03:04:05,5Z")).toEqual({ timeUs: T + 500_000 });
  expect(timeIn("2026-01-02T03:04:05")).toEqual({
    timeUs: Date.parse("2026-01-02T03:04:05") * 1000,
    timeIsLocal: true,
  });
  expect(timeIn("no time")).toBeUndefined();
  expect(timeIn("9999-99-99T99:99:99Z")).toBeUndefined();
});

test.each([
  ["2026-01-02T04:04:05+01", T],
  ["2026-01-02T04:04:05+01: text", T],
  ["2026-01-02T04:04:05+0100", T],
  ["2026-01-02 04:04:05 +0100", T],
  ["2026-01-02 04:04:05 +01:00 x", T],
  ["2026-01-02 04:04:05.123456 +0100 CET", T + 123_456],
  ["2026-01-01 21:34:05,5 -0530", T + 500_000],
])("reads the zone of a time: %s", (text, timeUs) => {
  expect(timeIn(text)).toEqual({ timeUs });
});

test.each(["", " -17", " -170000 units", " +9999", "-1234567"])(
  "takes no other number behind a time for its zone: %j",
  (text) => {
    expect(timeIn(`2026-01-02T03:04:05${text}`)).toMatchObject({ timeIsLocal: true });
  },
);
