import { describe, expect, test } from "vitest";
import { continueTrace, readTracestate, sendTrace } from "./trace-context.js";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const valid = `00-${traceId}-b7ad6b7169203331-01`;

function received(traceparent?: string, tracestate?: string) {
  return continueTrace(traceparent ?? null, tracestate ?? null);
}

describe("continueTrace", () => {
  test("keeps trace ID, flags and state, and takes a new span ID", () => {
    const trace = received(valid, "vendor=1");
    expect(trace).toMatchObject({ traceId, flags: "01", state: "vendor=1" });
    expect(trace.spanId).toMatch(/^[0-9a-f]{16}$/);
    expect(trace.spanId).not.toBe("b7ad6b7169203331");
    expect(received(valid).spanId).not.toBe(trace.spanId);
  });

  test("takes a later version of the header, of which nothing more is sent on", () => {
    const trace = received(`01-${traceId}-b7ad6b7169203331-01-${"more".repeat(10_000)}`);
    expect(trace.traceId).toBe(traceId);
    const header = new Headers();
    sendTrace(trace, header);
    expect(header.get("traceparent")).toBe(`00-${traceId}-${trace.spanId}-01`);
  });

  test.each([
    undefined,
    "",
    "junk",
    valid.toUpperCase(),
    `ff-${traceId}-b7ad6b7169203331-01`,
    `${valid}-more`,
    `01${valid.slice(2)}more`,
    valid.slice(0, -1),
    valid.replace("b7", "g7"),
    valid.replaceAll("-", "0"),
    valid.replace("00-", "0--"),
    `00-${"0".repeat(32)}-b7ad6b7169203331-01`,
    `00-${traceId}-${"0".repeat(16)}-01`,
    `${valid}, ${valid}`,
  ])("begins a new trace for %j", (traceparent) => {
    const trace = received(traceparent, "vendor=1");
    expect(trace.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(trace.traceId).not.toBe(traceId);
    expect(trace.state).toBe("");
    expect(trace.flags).toBe("01");
  });
});

test("a state of up to 512 characters is continued, and a longer one is none", () => {
  const stateOf = (length: number) =>
    readTracestate(new Headers({ tracestate: `a=${"x".repeat(length - 2)}` }));
  expect(stateOf(512)).toHaveLength(512);
  expect(stateOf(513)).toBeNull();
  expect(readTracestate(new Headers())).toBeNull();
});

test("sendTrace makes the callee continue the trace", () => {
  const trace = received(valid, "vendor=1");
  const header = new Headers();
  sendTrace(trace, header);
  expect(header.get("traceparent")).toBe(`00-${traceId}-${trace.spanId}-01`);
  expect(header.get("tracestate")).toBe("vendor=1");
});
