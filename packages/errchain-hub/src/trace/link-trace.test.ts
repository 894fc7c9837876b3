import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TraceLink } from "./hop.js";
import type { HopRecord, ReportedCause } from "./hop-record.js";
import { linkTrace } from "./link-trace.js";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const T = 1_767_225_600_000_000;

const route: ReportedCause = {
  system: "ROUTE",
  module: "DISPATCH",
  code: "20003",
  message: "no range",
  provenance: "RAISED",
  spanId: "00000000000000c3",
  timeUs: T + 10,
};
const promise: ReportedCause = {
  system: "PROMISE",
  module: "ETA",
  code: "10002",
  message: "no time",
  provenance: "RAISED",
  spanId: "00000000000000b2",
  timeUs: T + 20,
  branches: 1,
};
const wms: ReportedCause = {
  system: "WMS",
  module: "ORDER",
  code: "10001",
  message: "no promise",
  provenance: "RAISED",
  spanId: "00000000000000a1",
  timeUs: T + 30,
  branches: 1,
};

const codeOf = ({ system, module, code }: ReportedCause) =>
  module ? `${system}_${module}_${code}` : `${system}_${code}`;

function line(cause: ReportedCause, observedUs: number, init: Partial<HopRecord> = {}): HopRecord {
  return {
    traceId,
    kind: "line",
    fullCode: codeOf(cause),
    message: cause.message,
    observedUs,
    ...init,
  };
}

function event(
  causes: readonly [ReportedCause, ...ReportedCause[]],
  init: Partial<HopRecord> = {},
): HopRecord {
  const [own] = causes;
  return {
    traceId,
    kind: "server",
    fullCode: codeOf(own),
    message: own.message,
    timeUs: (own.timeUs ?? T) + 1,
    observedUs: T + 1000,
    ...(own.spanId ? { spanId: own.spanId } : {}),
    causes,
    ...init,
  };
}

/** `WMS > PROMISE > ROUTE!`, with brackets around several causes. */
function shape(link: TraceLink | undefined): string {
  if (link === undefined) return "";
  const { hops, firstFault } = link;
  const draw = (index: number): string => {
    const below = hops.flatMap((hop, i) => (hop.parent === index ? [draw(i)] : []));
    const name = `${hops[index]?.fullCode}${index === firstFault ? "!" : ""}`;
    return below.length === 0
      ? name
      : below.length === 1
        ? `${name} > ${below[0]}`
        : `${name} > (${below.join(" + ")})`;
  };
  return draw(0);
}

const all = "WMS_ORDER_10001 > PROMISE_ETA_10002 > ROUTE_DISPATCH_20003!";

describe("lines only", () => {
  test("who failed first is innermost", () => {
    const link = linkTrace([line(promise, T + 2), line(route, T + 1), line(wms, T + 3)]);
    expect(shape(link)).toBe(all);
    expect(link?.certainty).toBe("time-order");
    expect(link?.caveats).toEqual([
      "2 hops are linked by the time of failure alone; clocks may differ.",
    ]);
  });

  test("the time in the line counts before the time of reading", () => {
    const link = linkTrace([
      line(route, T + 9, { timeUs: T + 1 }),
      line(promise, T + 8, { timeUs: T + 2 }),
      line(wms, T + 7, { timeUs: T + 3 }),
    ]);
    expect(shape(link)).toBe(all);
    expect(link?.hops.every(({ timeIsObserved }) => !timeIsObserved)).toBe(true);
  });

  test("a hop that blames another is not the first fault, whatever its clock says", () => {
    const blaming = { ...promise, code: "2", message: "a system that this one needs has failed" };
    const link = linkTrace([line(blaming, T + 1), line(route, T + 2), line(wms, T + 3)]);
    expect(shape(link)).toBe("WMS_ORDER_10001 > PROMISE_ETA_2 > ROUTE_DISPATCH_20003!");
  });

  test("where nobody else has reported, it says so", () => {
    const blaming = { ...promise, code: "2", message: "a system that this one needs has failed" };
    const link = linkTrace([line(blaming, T + 1)]);
    expect(shape(link)).toBe("PROMISE_ETA_2!");
    expect(link?.certainty).toBe("time-order");
    expect(link?.caveats[0]).toMatch(/^PROMISE says that a system it needs has failed/);
  });

  test("a repeated line is one hop", () => {
    const link = linkTrace([line(route, T), line(route, T + 5), line(wms, T + 9)]);
    expect(shape(link)).toBe("WMS_ORDER_10001 > ROUTE_DISPATCH_20003!");
    expect(link?.hops[1]?.sources.lines).toBe(2);
  });
});

describe("chains", () => {
  test("the outermost event alone gives the whole link", () => {
    const link = linkTrace([event([wms, promise, route])]);
    expect(shape(link)).toBe(all);
    expect(link?.certainty).toBe("reported-chain");
    expect(link?.caveats).toEqual([]);
    expect(link?.hops.map(({ sources }) => sources)).toEqual([
      { lines: 0, events: 1, chains: 0 },
      { lines: 0, events: 0, chains: 1 },
      { lines: 0, events: 0, chains: 1 },
    ]);
  });

  test("lines, events and chains of one hop are one hop", () => {
    const link = linkTrace([
      line(route, T + 1),
      line(promise, T + 2),
      line(wms, T + 3),
      event([route]),
      event([promise, route]),
      event([wms, promise, route]),
      event([wms, promise, route], { kind: "client", spanId: "00000000000000ff" }),
    ]);
    expect(shape(link)).toBe(all);
    expect(link?.hops.map(({ sources }) => sources)).toEqual([
      { lines: 1, events: 1, chains: 1 },
      { lines: 1, events: 1, chains: 2 },
      { lines: 1, events: 1, chains: 3 },
    ]);
  });

  test("clocks that are hours wrong do not matter", () => {
    const hour = 3_600_000_000;
    const link = linkTrace([
      line(wms, T - 5 * hour),
      event([promise, { ...route, timeUs: T + 9 * hour }]),
      event([wms, promise, { ...route, timeUs: T + 9 * hour }]),
    ]);
    expect(shape(link)).toBe(all);
    expect(link?.certainty).toBe("reported-chain");
  });

  test("without spans and times, as a partner sees it, the same hop is recognised", () => {
    const bare = ({ spanId: _, timeUs: __, ...cause }: ReportedCause): ReportedCause => cause;
    const hidden = { ...bare(route), message: "" };
    const link = linkTrace([event([wms, bare(promise), hidden]), event([promise, route])]);
    expect(shape(link)).toBe(all);
    expect(link?.hops).toHaveLength(3);
  });

  test("a fan-out: the branch that failed first", () => {
    const stock = { ...route, system: "STOCK", spanId: "00000000000000d4", timeUs: T + 5 };
    const link = linkTrace([event([{ ...wms, branches: 2 }, route, stock])]);
    expect(shape(link)).toBe("WMS_ORDER_10001 > (STOCK_DISPATCH_20003! + ROUTE_DISPATCH_20003)");
  });

  test("what a chain leaves out is found in another's", () => {
    const link = linkTrace([event([{ ...wms, elided: 1 }, route]), event([promise, route])]);
    expect(shape(link)).toBe(all);
    expect(link?.certainty).toBe("reported-chain");
    expect(link?.caveats).toEqual([]);
  });

  test("what nobody has reported is counted", () => {
    const link = linkTrace([event([{ ...wms, elided: 2 }, route])]);
    expect(shape(link)).toBe("WMS_ORDER_10001 > ROUTE_DISPATCH_20003!");
    expect(link?.caveats).toEqual(["2 causes were left out of a chain."]);
  });

  test("a silent peer is named, and who it is from", () => {
    const { spanId: _, ...rest } = route;
    const dead: ReportedCause = {
      ...rest,
      code: "3",
      message: "not reached",
      provenance: "OBSERVED",
    };
    const link = linkTrace([event([wms, promise, dead])]);
    expect(shape(link)).toBe("WMS_ORDER_10001 > PROMISE_ETA_10002 > ROUTE_DISPATCH_3!");
    expect(link?.caveats).toEqual([
      "ROUTE itself has not reported: this is what PROMISE saw of it.",
    ]);
    const told = linkTrace([event([wms, promise, dead]), line(route, T + 5)]);
    expect(shape(told)).toBe(
      "WMS_ORDER_10001 > PROMISE_ETA_10002 > ROUTE_DISPATCH_3 > ROUTE_DISPATCH_20003!",
    );
  });

  test("a line that fits nowhere does not push aside what the systems reported", () => {
    const other = { ...route, system: "AUDIT", code: "7777", message: "slow" };
    const link = linkTrace([event([wms, promise, route]), line(other, T - 500)]);
    expect(link?.hops[link.firstFault]?.fullCode).toBe("ROUTE_DISPATCH_20003");
    expect(link?.certainty).toBe("reported-chain");
    expect(link?.caveats).toHaveLength(1);
  });

  test("a hop that says it follows from nothing goes innermost", () => {
    const link = linkTrace([line(wms, T - 1000), event([route])]);
    expect(shape(link)).toBe("WMS_ORDER_10001 > ROUTE_DISPATCH_20003!");
    expect(link?.certainty).toBe("time-order");
  });

  test("chains that contradict each other make no circle", () => {
    const link = linkTrace([
      event([
        { ...wms, branches: 1 },
        { ...promise, branches: 0 },
      ]),
      event([
        { ...promise, branches: 1 },
        { ...wms, branches: 0 },
      ]),
    ]);
    expect(link?.hops).toHaveLength(2);
  });
});

describe("spans", () => {
  const bareEvent = (cause: ReportedCause, init: Partial<HopRecord> = {}) => {
    const { causes: _, ...record } = event([cause], init);
    return record;
  };

  test("a caller's event links the callee to the caller's own hop", () => {
    const link = linkTrace([
      bareEvent(wms, { timeUs: T - 1000 }),
      event([route], { kind: "client", ...(wms.spanId ? { spanId: wms.spanId } : {}) }),
    ]);
    expect(shape(link)).toBe("WMS_ORDER_10001 > ROUTE_DISPATCH_20003!");
    expect(link?.certainty).toBe("span-tree");
  });

  test("an event may name the span that called it", () => {
    const link = linkTrace([
      bareEvent(wms, { timeUs: T - 1000 }),
      bareEvent(route, wms.spanId ? { parentSpanId: wms.spanId } : {}),
    ]);
    expect(shape(link)).toBe("WMS_ORDER_10001 > ROUTE_DISPATCH_20003!");
    expect(link?.certainty).toBe("span-tree");
  });
});

describe("a thousand records with 64 causes each take seconds at most", () => {
  const spanOf = (n: number) => n.toString(16).padStart(16, "0");
  const chainsOf = (causeOf: (n: number) => Partial<ReportedCause>) =>
    Array.from({ length: 1000 }, (_, record) => {
      const causes = Array.from({ length: 64 }, (_, i) => {
        const n = record * 64 + i;
        const branches = i < 63 ? 1 : 0;
        return { system: "A", code: "1000", message: `m ${n}`, branches, ...causeOf(n) };
      });
      const [own, ...others] = causes;
      return event([own ?? route, ...others], { timeUs: T + record });
    });

  test.each<[string, number, (n: number) => Partial<ReportedCause>]>([
    ["of different spans", 64_000, (n) => ({ spanId: spanOf(n + 1) })],
    ["of different times", 64_000, (n) => ({ timeUs: T + n })],
    ["of one time", 64_000, () => ({ timeUs: T })],
    ["of different messages", 64_000, () => ({})],
    ["of shortened messages", 64_000, (n) => ({ message: `${n} …` })],
    ["of one message", 64, () => ({ message: "m" })],
    ["one below the other", 63_001, (n) => ({ spanId: spanOf(n - Math.floor(n / 64) + 1) })],
  ])("%s", (_name, hopCount, causeOf) => {
    const started = performance.now();
    expect(linkTrace(chainsOf(causeOf))?.hops).toHaveLength(hopCount);
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  test("and lines", () => {
    const chains = chainsOf((n) => ({ message: "", spanId: spanOf(n + 1) })).slice(0, 500);
    const lines = Array.from({ length: 500 }, (_, n) =>
      line({ ...route, system: "A", module: "", code: "1000", message: `line ${n}` }, T + n),
    );
    const started = performance.now();
    expect(linkTrace([...chains, ...lines])?.hops).toHaveLength(32_000);
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});

describe("for any records", () => {
  const time = fc.integer({ min: 0, max: 6 }).map((n) => T + n);
  const span = fc.option(
    fc.integer({ min: 1, max: 5 }).map((n) => `000000000000000${n}`),
    {
      nil: undefined,
    },
  );
  const cause = fc.record(
    {
      system: fc.constantFrom("A", "B", "C"),
      code: fc.constantFrom("1", "2", "100"),
      message: fc.constantFrom("", "x", "xyz", "x…"),
      provenance: fc.constantFrom("RAISED" as const, "FILLED_IN" as const, "OBSERVED" as const),
      spanId: span,
      timeUs: time,
      branches: fc.nat(3),
      elided: fc.nat(1),
      inferred: fc.boolean(),
    },
    { requiredKeys: ["system", "code", "message"] },
  );
  const record: fc.Arbitrary<HopRecord> = fc
    .tuple(
      fc.constantFrom("line" as const, "server" as const, "client" as const),
      fc.array(cause, { minLength: 1, maxLength: 4 }),
      fc.record({ timeUs: time, spanId: span, parentSpanId: span }, { requiredKeys: [] }),
      time,
      fc.boolean(),
    )
    .map(([kind, list, init, observedUs, hasChain]) => {
      const causes: ReportedCause[] = JSON.parse(JSON.stringify(list));
      const [own] = causes;
      const base = {
        ...JSON.parse(JSON.stringify({ ...init, causes })),
        traceId,
        kind,
        fullCode: own ? codeOf(own) : "",
        message: own?.message ?? "",
        observedUs,
      };
      if (kind === "line" || !hasChain) {
        delete base.causes;
      }
      return base;
    });
  const records = fc.array(record, { minLength: 1, maxLength: 8 });

  test("order and doubled records change nothing", () => {
    fc.assert(
      fc.property(
        records.chain((list) =>
          fc.tuple(
            fc.constant(list),
            fc.shuffledSubarray([...list, ...structuredClone(list)], {
              minLength: list.length * 2,
            }),
          ),
        ),
        ([list, shuffled]) => {
          expect(linkTrace(shuffled)).toEqual(linkTrace(list));
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("the result is one tree, depth first, with a leaf as first fault and nothing lost", () => {
    fc.assert(
      fc.property(records, (list) => {
        const link = linkTrace(list);
        const hops = link?.hops ?? [];
        hops.forEach((hop, index) => {
          expect(hop.parent).toBeLessThan(index);
          expect(hop.parent === -1).toBe(index === 0);
          expect(hop.depth).toBe(index === 0 ? 0 : (hops[hop.parent]?.depth ?? Number.NaN) + 1);
          // Depth first: what lies between a hop and its parent belongs to the parent.
          for (let i = hop.parent + 1; i < index; i++) {
            expect(hops[i]?.parent).toBeGreaterThanOrEqual(hop.parent);
          }
          expect(Number.isFinite(hop.timeUs)).toBe(true);
        });
        expect(hops.some(({ parent }) => parent === link?.firstFault)).toBe(false);
        const told = new Set(
          list.flatMap(({ fullCode, causes }) => causes?.map(codeOf) ?? [fullCode]),
        );
        expect(new Set(hops.map(({ fullCode }) => fullCode))).toEqual(told);
      }),
      { numRuns: 2000 },
    );
  });
});
