import { expect, test } from "vitest";
import { normalTraceId, traceIdsIn } from "./trace-ids.js";

const hex = "4bf92f3577b34da6a3ce929d0e0e4736";
const dotted = "1677474.49460.2017.9140";
const long = "1677474.49460.17235995037011944.3460091.193151.9140";

test.each([
  [hex, hex],
  [hex.toUpperCase(), hex],
  [`  "${hex}",  `, hex],
  [`00-${hex}-00f067aa0ba902b7-01`, hex],
  [`traceparent: 00-${hex}-00f067aa0ba902b7-01`, hex],
  [`${hex}|ROUTE_DISPATCH_20003|no delivery range`, hex],
  [`2026-01-01T00:00:00Z ERROR ${dotted}|ROUTE_20003|a|b`, dotted],
  [`ERROR [${dotted}|ROUTE_20003|a]`, dotted],
  ["ERROR requestId=order-17|ROUTE_20003|a", "order-17"],
  [`date|ERROR|${hex}|ROUTE_20003|a`, hex],
  [dotted, dotted],
  [`{"msg":"failed","traceId":"${long}"}`, long],
  [`${long}|ROUTE_DISPATCH_20003|no delivery range`, long],
  [`'${long}'.`, long],
  [`see '${dotted}', please`, dotted],
  [`http://127.0.0.1:4319/t/${hex}?x=1`, hex],
  [`http://127.0.0.1:4319/t/${hex}.txt`, hex],
  ["http://127.0.0.1:4319/t/order%20%2F17", "order /17"],
  [`{"traceId":"${hex}","spanId":"00f067aa0ba902b7"}`, hex],
  ["trace_id=order-17 level=error", "order-17"],
  ["order-17", "order-17"],
  ["4bf92f35-77b3-4da6-a3ce-929d0e0e4736 failed", hex],
])("%s", (text, id) => {
  expect(traceIdsIn(text)).toContain(id);
});

test("the likeliest comes first", () => {
  expect(traceIdsIn(`00-${hex}-00f067aa0ba902b7-01`)).toContain(hex);
  expect(traceIdsIn(`"${hex}"`)[0]).toBe(hex);
});

test("a text without an ID gives none", () => {
  expect(traceIdsIn("")).toEqual([]);
  expect(traceIdsIn("what is wrong with my order?")).toEqual([]);
  expect(traceIdsIn("x".repeat(100_000))).toEqual([]);
});

test("only hex IDs are folded", () => {
  expect(normalTraceId("Order-17")).toBe("Order-17");
  expect(normalTraceId(hex.toUpperCase())).toBe(hex);
});

test("a long text with many spaces takes no time", () => {
  const started = performance.now();
  expect(traceIdsIn(`a${" ".repeat(200_000)}b`)).toEqual([]);
  expect(traceIdsIn(`${" ".repeat(200_000)}"${hex}",${" ".repeat(200_000)}`)).toContain(hex);
  expect(performance.now() - started).toBeLessThan(2_000);
});
