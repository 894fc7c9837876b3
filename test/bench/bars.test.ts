import { describe, expect, test } from "vitest";
import { evaluateBars } from "../../bench/bars.ts";
import { judge } from "../../bench/judge.ts";
import { again, type Figures, type Row, type Section } from "../../bench/result.ts";

const bar = { what: "it", where: "", limit: 1.5, unit: "×" } as const;

describe("a promise", () => {
  test.each([
    ["at most", 1.5, "pass"],
    ["at most", 1.55, "within noise"],
    ["at most", 1.65, "FAIL"],
    ["at least", 1.5, "pass"],
    ["at least", 1.45, "within noise"],
    ["at least", 1.35, "FAIL"],
    ["less than", 1.49, "pass"],
    ["less than", 1.5, "within noise"],
    ["less than", 1.65, "FAIL"],
  ] as const)("%s 1.5 by %d: %s", (holds, value, verdict) => {
    expect(judge({ ...bar, holds }, [value, 0.1])).toMatchObject({ value, verdict });
  });

  test("of something that was not measured does not pass", () => {
    for (const measured of [undefined, [Number.NaN, 0] as const]) {
      const judged = judge({ ...bar, holds: "at most" }, measured);
      expect(judged).toMatchObject({ value: null, verdict: "not measured" });
    }
  });

  test("missed where the noise is unknown, fails", () => {
    expect(judge({ ...bar, holds: "at most" }, [2, Number.NaN]).verdict).toBe("FAIL");
  });
});

const row = (name: string, base: string, ...rounds: Figures[]): Row => ({
  name,
  base,
  about: "",
  rounds,
});

/** A section in which a row takes as many times the CPU time of the baseline. */
function successSection(factors: Record<string, number>): Section {
  const base = "bare connect-es";
  const cpu = (factor: number): Figures[] =>
    [1000, 2000, 3000].map((us) => ({ cpuUs: us * factor }));
  const rows = Object.entries(factors).map(([name, factor]) => row(name, base, ...cpu(factor)));
  return {
    kind: "success",
    title: "",
    protocol: "gRPC",
    place: "one process",
    concurrency: 1,
    rows: [row(base, base, ...cpu(1)), row(again(base), base, ...cpu(1.01)), ...rows],
    leftOut: [],
  };
}

function barsOf(section: Section) {
  const bars = evaluateBars({ sections: [section], sizes: [] });
  return (what: string) => bars.find((one) => one.what === `CPU${what}`);
}

test("calls that succeed are compared with the rows that the promises name", () => {
  const found = barsOf(
    successSection({
      "AsyncLocalStorage alone": 1.1,
      "AsyncLocalStorage and raw traceparent": 1.2,
      "OpenTelemetry SDK spans": 1.8,
      "errchain interceptors without trace context": 1.1,
      "errchain interceptors": 1.26,
      "errchain transport": 1.4,
    }),
  );
  const alone = found(": errchain interceptors without trace context / AsyncLocalStorage alone");
  expect(alone).toMatchObject({ where: "gRPC, one process", limit: 1.02, verdict: "pass" });
  expect(alone?.value).toBeCloseTo(1);
  expect(alone?.noise).toBeCloseTo(0.01);

  const traced = found(": errchain interceptors / AsyncLocalStorage and raw traceparent");
  expect(traced?.value).toBeCloseTo(1.05);
  expect(traced?.verdict).toBe("FAIL");

  const share = found(" over bare: errchain interceptors / OpenTelemetry SDK spans");
  expect(share?.value).toBeCloseTo(0.26 / 0.8);
  expect(share?.verdict).toBe("pass");
  expect(found(" over bare: errchain transport / OpenTelemetry SDK spans")?.verdict).toBe("FAIL");

  const missing = found(": errchain transport without trace context / AsyncLocalStorage alone");
  expect(missing?.verdict).toBe("not measured");
});

test("64 calls at a time are not judged", () => {
  const section = { ...successSection({}), concurrency: 64 };
  expect(evaluateBars({ sections: [section], sizes: [] })).toEqual([]);
});

test("a pass is judged by what it takes over the pass without anything", () => {
  const noop = "no-op interceptors";
  const rows = [
    row(noop, noop, { ns: 5000 }),
    row(again(noop), noop, { ns: 5050 }),
    row("by hand: AsyncLocalStorage and two header calls", noop, { ns: 6000 }),
    row("errchain interceptors", noop, { ns: 6900 }),
  ];
  const section: Section = { kind: "pass", title: "", rows, leftOut: [] };
  const [nanoseconds, byHand] = evaluateBars({ sections: [section], sizes: [] });
  expect(nanoseconds).toMatchObject({ value: 1900, unit: "ns", verdict: "pass" });
  expect(nanoseconds?.noise).toBeCloseTo(50);
  expect(byHand?.value).toBeCloseTo(1.9);
  expect(byHand?.noise).toBeCloseTo((50 + 1.9 * 50) / 1000);
  expect(byHand?.verdict).toBe("FAIL");
});

test("sizes that have a limit are judged", () => {
  const sizes = [
    { name: "the three-hop example", about: "", bytes: 601 },
    { name: "the same for the public", about: "", bytes: 2000 },
  ];
  expect(evaluateBars({ sections: [], sizes })).toMatchObject([
    { what: "size of the three-hop example", value: 601, limit: 600, verdict: "FAIL" },
  ]);
});
