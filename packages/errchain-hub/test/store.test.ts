import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { openSqliteStore } from "../dist/store/sqlite/sqlite-store.js";
import type { NewRecord, Range, Store, StoredTrace, TraceQuery } from "../dist/store/store.js";
import type { HopRecord } from "../dist/trace/hop-record.js";

const folders: string[] = [];
const stores: Store[] = [];

async function openStore(
  folder = mkdtempSync(join(tmpdir(), "hub-store-")),
  retention = { days: 0, bytes: 0, countDays: 0 },
): Promise<Store & { folder: string }> {
  folders.push(folder);
  const store = await openSqliteStore({ folder, retention, readers: 1 });
  stores.push(store);
  return { ...store, folder };
}

afterEach(async () => {
  await Promise.allSettled(stores.splice(0).map((store) => store.close()));
  for (const folder of folders.splice(0)) {
    rmSync(folder, { recursive: true, force: true });
  }
});

const HOUR = 3_600_000_000;
const T = 1_767_225_600_000_000; // a whole hour
const hex = "4bf92f3577b34da6a3ce929d0e0e4736";
const day: Range = { startUs: T - 12 * HOUR, endUs: T + 12 * HOUR };

let serial = 0;
function line(traceId: string, fullCode: string, timeUs: number, message = "m"): NewRecord {
  const record: HopRecord = { traceId, kind: "line", fullCode, message, timeUs, observedUs: T };
  return { record, identity: ++serial };
}

/** A trace in which C failed first and the user saw A. */
const abc = (traceId: string, timeUs = T) => [
  line(traceId, "C_3000", timeUs, "the disk is full"),
  line(traceId, "B_2000", timeUs + 1),
  line(traceId, "A_1000", timeUs + 2, "no order"),
];

const query = (query: Partial<TraceQuery["filter"]> = {}, init: Partial<TraceQuery> = {}) => ({
  range: day,
  filter: { role: "root" as const, system: "", module: "", fullCode: "", text: "", ...query },
  limit: 10,
  pageToken: "",
  ...init,
});

/** The traces of all pages. */
async function allPages(store: Store, first: TraceQuery): Promise<StoredTrace[]> {
  const traces: StoredTrace[] = [];
  let pageToken = "";
  do {
    const page = await store.searchTraces({ ...first, pageToken });
    traces.push(...page.traces);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return traces;
}

const top = (store: Store, role: "root" | "surfaced" | "any", range = day) =>
  store.topCodes({ range, role, system: "", onlyNew: false, limit: 1000 });

const countsOf = async (store: Store, role: "root" | "surfaced" | "any") =>
  Object.fromEntries(
    (await top(store, role)).codes.map(({ code, count }) => [code.fullCode, count]),
  );

describe("records", () => {
  test("come back as they went in, under any kind of trace ID", async () => {
    const store = await openStore();
    const ids = [hex, "1677474.49460.9140", "a".repeat(16), "|\u0000'"];
    const records: NewRecord[] = ids.map((traceId, identity) => ({
      identity,
      record: {
        traceId,
        kind: "server",
        fullCode: "A_B_C1",
        message: "mäßig 🙂 \u0001",
        observedUs: T,
        timeUs: T - 5,
        spanId: "00f067aa0ba902b7",
        parentSpanId: "00f067aa0ba902b8",
        procedure: "a.v1.S/M",
        service: "a",
        file: "/var/log/a.log",
        causes: [
          {
            system: "A",
            module: "B",
            code: "C1",
            reason: "R",
            message: "x",
            status: "INTERNAL",
            provenance: "RAISED",
            procedure: "p",
            spanId: "00f067aa0ba902b7",
            timeUs: T,
            branches: 1,
            elided: 2,
            inferred: true,
          },
          { system: "X", code: "1", message: "" },
        ],
      },
    }));
    expect(await store.append(records)).toEqual({ accepted: 4, duplicates: 0 });
    for (const { record } of records) {
      expect(await store.recordsOf(record.traceId)).toEqual({ records: [record], more: false });
    }
    expect(await store.recordsOf("unknown")).toEqual({ records: [], more: false });
  });

  test("that are stored already are left out, also after a restart", async () => {
    const store = await openStore();
    const records = abc("t1");
    await store.append(records);
    expect(await store.append(records)).toEqual({ accepted: 0, duplicates: 3 });
    await store.settled();
    await store.close();
    const again = await openStore(store.folder);
    expect(await again.append([...records, ...abc("t2")])).toEqual({ accepted: 3, duplicates: 3 });
    await again.settled();
    expect(await countsOf(again, "root")).toEqual({ C_3000: 2 });
    expect(await again.stats()).toMatchObject({ recordCount: 6, traceCount: 2 });
  });

  test("that were not digested before the end are digested after the start", async () => {
    const store = await openStore();
    await store.append(abc("t1"));
    await store.close();
    const again = await openStore(store.folder);
    await again.settled();
    expect(await countsOf(again, "surfaced")).toEqual({ A_1000: 1 });
  });

  test("of one trace without end are all kept, and the first thousand shown", async () => {
    const store = await openStore();
    const many = Array.from({ length: 2500 }, (_, i) => line("t", `A_${i + 100}`, T + i));
    await store.append(many);
    await store.settled();
    const { records, more } = await store.recordsOf("t");
    expect(records).toHaveLength(1000);
    expect(more).toBe(true);
    expect(await store.stats()).toMatchObject({ recordCount: 2500, traceCount: 1 });
  });

  test("beyond the first thousand of a trace are not linked again and again", async () => {
    const store = await openStore();
    const told: string[] = [];
    store.watch((changes) => told.push(...changes.map(({ trace }) => trace.traceId)));
    for (let count = 0; count < 3000; count += 750) {
      await store.append(
        Array.from({ length: 750 }, (_, i) => line("t", "A_1000", T + count + i, `${count + i}`)),
      );
      await store.settled();
    }
    await store.append([line("other", "A_1000", T)]);
    await store.settled();
    expect(told).toEqual(["t", "t", "other"]);
    const { records } = await store.recordsOf("t");
    expect(records.map(({ message }) => message)).toEqual(
      Array.from({ length: 1000 }, (_, i) => `${i}`),
    );
  });

  test("of an older format are taken over", async () => {
    const store = await openStore();
    await store.append([...abc("t1"), line("t2", "A_1000", -5)]);
    await store.settled();
    await store.close();
    const db = new DatabaseSync(join(store.folder, "hub.sqlite"));
    db.exec(`
      ALTER TABLE label DROP COLUMN last_record;
      CREATE INDEX label_last ON label (last_us);
      DELETE FROM meta WHERE name = 'minutesFrom';
      UPDATE trace SET first_us = -9100000000000000 WHERE key = 't2';
      UPDATE label SET first_us = -9100000000000000 WHERE text = 'A_1000';
      PRAGMA user_version = 1;
    `);
    db.close();
    const again = await openStore(store.folder, { days: 0, bytes: 0, countDays: 1 });
    const range = { startUs: -1e17, endUs: T + HOUR };
    expect((await again.searchTraces(query({}, { range }))).traces).toMatchObject([
      { traceId: "t1", root: { fullCode: "C_3000" } },
      { traceId: "t2", firstUs: -Number.MAX_SAFE_INTEGER },
    ]);
    expect((await again.recordsOf("t1")).records).toHaveLength(3);
    expect((await again.code({ fullCode: "A_1000", range }))?.firstSeenUs).toBe(
      -Number.MAX_SAFE_INTEGER,
    );
  });
});

describe("times", () => {
  test("that no clock can show are moved to the nearest that can be stored", async () => {
    const store = await openStore();
    const { record, identity } = line("t1", "A_1000", 2.5e17);
    const causes: HopRecord["causes"] = [
      { system: "A", code: "1000", message: "", timeUs: 4e18, branches: 1 },
      { system: "B", code: "1000", message: "", timeUs: -4e18 },
    ];
    await store.append([{ record: { ...record, kind: "server", causes }, identity }]);
    await store.settled();
    expect((await store.recordsOf("t1")).records[0]?.timeUs).toBe(Number.MAX_SAFE_INTEGER);
    const range = { startUs: -1e19, endUs: 1e19 };
    const { traces } = await store.searchTraces(query({}, { range }));
    expect(traces.map(({ firstUs, lastUs }) => [firstUs, lastUs])).toEqual([
      [-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    ]);
    expect((await top(store, "root", range)).codes).toHaveLength(1);
    expect(await store.code({ fullCode: "A_1000", range })).toMatchObject({ count: 1 });
    expect(await store.stats()).toMatchObject({ oldestTraceUs: -Number.MAX_SAFE_INTEGER });
  });
});

describe("counts", () => {
  test("root, surfaced and all codes", async () => {
    const store = await openStore();
    await store.append([...abc("t1"), ...abc("t2"), line("t3", "C_3000", T)]);
    await store.settled();
    expect(await countsOf(store, "root")).toEqual({ C_3000: 3 });
    expect(await countsOf(store, "surfaced")).toEqual({ A_1000: 2, C_3000: 1 });
    expect(await countsOf(store, "any")).toEqual({ A_1000: 2, B_2000: 2, C_3000: 3 });
    expect(await top(store, "root")).toMatchObject({
      total: 3,
      codeCount: 1,
      systems: [{ system: "C", count: 3, codeCount: 1, codes: [{ count: 3 }] }],
    });
  });

  test("a late record takes back what was counted", async () => {
    const store = await openStore();
    const [c, b, a] = abc("t1");
    for (const late of [b, a, c]) {
      await store.append(late ? [late] : []);
      await store.settled();
    }
    expect(await countsOf(store, "root")).toEqual({ C_3000: 1 });
    expect(await countsOf(store, "surfaced")).toEqual({ A_1000: 1 });
    expect(await store.code({ fullCode: "B_2000", range: day })).toMatchObject({
      rootCount: 0,
      surfacedCount: 0,
      count: 1,
      comesFrom: [{ code: { fullCode: "C_3000" }, count: 1 }],
      turnsInto: [{ code: { fullCode: "A_1000" }, count: 1 }],
    });
    expect((await store.searchTraces(query({ fullCode: "B_2000" }))).traces).toEqual([]);
    expect(
      (await store.searchTraces(query({ fullCode: "B_2000", role: "any" }))).traces,
    ).toHaveLength(1);
  });

  test("however records come in, counts are those of the traces", async () => {
    const hop = fc.tuple(
      fc.constantFrom("t1", "t2", "t3"),
      fc.constantFrom("A_1", "B_2", "C_3"),
      fc.nat(5),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(hop, { maxLength: 6 }), { maxLength: 6 }),
        async (batches) => {
          const store = await openStore();
          for (const batch of batches) {
            await store.append(batch.map(([id, code, at]) => line(id, code, T + at * 60_000_000)));
            await store.settled();
          }
          const { traces } = await store.searchTraces(query());
          for (const role of ["root", "surfaced"] as const) {
            const expected: Record<string, number> = {};
            for (const {
              [role]: { fullCode },
            } of traces) {
              expected[fullCode] = (expected[fullCode] ?? 0) + 1;
            }
            expect(await countsOf(store, role)).toEqual(expected);
            const { series } = await store.trend({
              range: day,
              role,
              system: "",
              fullCode: "",
              group: "all",
              stepSeconds: 60,
              limit: 1,
            });
            expect(series[0]?.total).toBe(traces.length);
          }
          await store.close();
        },
      ),
      { numRuns: 15 },
    );
  });

  test("by minutes and by hours are the same", async () => {
    const store = await openStore();
    const at = [0, 59, 60, 61, 119, 120, 180, 239, 240];
    await store.append(at.map((minute, i) => line(`t${i}`, "A_1000", T + minute * 60_000_000)));
    await store.settled();
    for (const from of [0, 1, 59, 60, 61]) {
      for (const to of [61, 62, 120, 121, 240, 241]) {
        const range = { startUs: T + from * 60_000_000, endUs: T + to * 60_000_000 };
        const expected = at.filter((minute) => minute >= from && minute < to).length;
        expect((await top(store, "root", range)).total, `${from} to ${to}`).toBe(expected);
      }
    }
    const trend = {
      range: { startUs: T, endUs: T + 5 * HOUR },
      role: "root",
      system: "",
      fullCode: "",
      limit: 5,
    } as const;
    expect(await store.trend({ ...trend, group: "system", stepSeconds: 3600 })).toEqual({
      startUs: T,
      stepSeconds: 3600,
      series: [{ name: "A", counts: [2, 3, 1, 2, 1], total: 9 }],
    });
    expect(
      (await store.trend({ ...trend, group: "all", stepSeconds: 7200 })).series[0]?.counts,
    ).toEqual([5, 3, 1]);
  });

  test("series that are too many go into one", async () => {
    const store = await openStore();
    await store.append([
      ...["a", "b", "c"].map((id) => line(id, "A_1000", T)),
      ...["d", "e"].map((id) => line(id, "B_1000", T)),
      line("f", "C_1000", T),
    ]);
    await store.settled();
    const { series } = await store.trend({
      range: { startUs: T, endUs: T + HOUR },
      role: "root",
      system: "",
      fullCode: "",
      group: "code",
      stepSeconds: 3600,
      limit: 1,
    });
    expect(series).toEqual([
      { name: "A_1000", counts: [3], total: 3 },
      { name: "", counts: [3], total: 3 },
    ]);
  });

  test("a trend of a code is that of its system too", async () => {
    const store = await openStore();
    await store.append([
      ...["a", "b", "c"].map((id) => line(id, "A_1000", T)),
      line("d", "A_2000", T),
      line("e", "B_1000", T),
    ]);
    await store.settled();
    const trendOf = async (group: "all" | "system" | "code", system: string, fullCode: string) => {
      const range = { startUs: T, endUs: T + HOUR };
      const rest = { role: "root", stepSeconds: 3600, limit: 5 } as const;
      const { series } = await store.trend({ range, group, system, fullCode, ...rest });
      return series.map(({ name, total }) => [name, total]);
    };
    for (const system of ["", "A"]) {
      expect(await trendOf("all", system, "A_1000")).toEqual([["A_1000", 3]]);
      expect(await trendOf("system", system, "A_1000")).toEqual([["A", 3]]);
      expect(await trendOf("code", system, "A_1000")).toEqual([["A_1000", 3]]);
    }
    expect(await trendOf("system", "A", "")).toEqual([["A", 4]]);
    expect(await trendOf("all", "B", "A_1000")).toEqual([["A_1000", 0]]);
    expect(await trendOf("system", "B", "A_1000")).toEqual([]);
    expect(await trendOf("code", "B", "A_1000")).toEqual([]);
    expect(await trendOf("system", "", "X_1000")).toEqual([]);
  });

  test("new codes are those that were never seen before", async () => {
    const store = await openStore();
    await store.append([
      line("t1", "A_1000", T - HOUR),
      line("t2", "A_1000", T),
      line("t3", "B_1000", T),
    ]);
    await store.settled();
    const range = { startUs: T, endUs: T + HOUR };
    const { codes, codeCount } = await store.topCodes({
      range,
      role: "root",
      system: "",
      onlyNew: true,
      limit: 5,
    });
    expect(codes.map(({ code }) => code.fullCode)).toEqual(["B_1000"]);
    expect(codeCount).toBe(1);
    expect((await top(store, "root", range)).codes[0]).toMatchObject({ count: 1, countBefore: 1 });
  });
});

describe("search", () => {
  test("pages hold every trace once, latest first", async () => {
    const store = await openStore();
    await store.append(
      Array.from({ length: 95 }, (_, i) => line(`t${i}`, "A_1000", T + Math.floor(i / 3))),
    );
    await store.settled();
    for (const filter of [
      {},
      { fullCode: "A_1000" },
      { system: "A", role: "any" as const },
      { text: "M" },
    ]) {
      const traces = await allPages(store, query(filter));
      const seen = traces.map(({ traceId }) => traceId);
      const times = traces.map(({ firstUs }) => firstUs);
      expect(seen).toHaveLength(95);
      expect(new Set(seen).size).toBe(95);
      expect(times).toEqual(times.toSorted((a, b) => b - a));
    }
  });

  test.each([
    [{ role: "root", system: "C" }, ["t1"]],
    [{ role: "root", system: "A" }, ["t2"]],
    [{ role: "surfaced", system: "A" }, ["t2", "t1"]],
    [{ role: "any", system: "B" }, ["t1"]],
    [{ role: "any", system: "Z" }, []],
    [{ role: "root", fullCode: "C_3000" }, ["t1"]],
    [{ text: "DISK" }, ["t1"]],
    [{ text: "no order" }, ["t1"]],
    [{ text: "100%" }, []],
    [{ text: "4bf92f" }, [hex]],
    [{ text: "16774" }, ["1677474.49460.9140"]],
  ] as const)("%j", async (filter, ids) => {
    const store = await openStore();
    await store.append([
      ...abc("t1"),
      line("t2", "A_9000", T + 60_000_000, "else"),
      line(hex, "X_1000", T),
      line("1677474.49460.9140", "Y_1000", T),
    ]);
    await store.settled();
    const { traces } = await store.searchTraces(query(filter));
    expect(traces.map(({ traceId }) => traceId)).toEqual(ids);
  });

  test("by the beginning of an ID: every trace once, latest first, with all filters", async () => {
    const store = await openStore();
    const count = 100;
    await store.append(
      Array.from({ length: count }, (_, i) => {
        const n = (i * 37) % count; // neither the order of IDs nor that of arrival
        return [
          line(`order-${n}`, n % 2 ? "A_1000" : "B_1000", T + n, n % 3 ? "m" : "order-0 is late"),
          line(`else-${n}`, n % 2 ? "A_1000" : "B_1000", T + n, n % 10 ? "m" : "no ORDER-0 here"),
        ];
      }).flat(),
    );
    await store.settled();
    const isOrder = (n: number) => [`order-${n}`, ...(n % 10 ? [] : [`else-${n}`])];
    for (const [filter, fits] of [
      [{ text: "order-" }, () => true],
      [{ text: "Order-", system: "A" }, (n: number) => n % 2 === 1],
      [{ text: "order-", fullCode: "B_1000" }, (n: number) => n % 2 === 0],
    ] as const) {
      const expected = Array.from({ length: count }, (_, i) => count - 1 - i)
        .filter(fits)
        .flatMap(isOrder);
      const traces = await allPages(store, query(filter));
      expect(traces.map(({ traceId }) => traceId).toSorted()).toEqual(expected.toSorted());
      const times = traces.map(({ firstUs }) => firstUs);
      expect(times).toEqual(times.toSorted((a, b) => b - a));
    }
  });

  test("what an ID stands for is found at once, however many traces are later", async () => {
    const store = await openStore();
    await store.append([
      line(hex, "A_1000", T - 9),
      line("4bf92f-no-hex", "A_1000", T - 8, "4BF92F"),
      line("t", "A_1000", T - 7, "of 4bf92f"),
    ]);
    const later = 210_000;
    for (let from = 0; from < later; from += 10_000) {
      await store.append(
        Array.from({ length: 10_000 }, (_, i) => line(`later-${from + i}`, "A_1000", T)),
      );
    }
    await store.settled();
    const first = await store.searchTraces(query({ text: "4bf92f" }));
    expect(first.traces.map(({ traceId }) => traceId)).toEqual(["4bf92f-no-hex", hex]);
    const all = await allPages(store, query({ text: "4bf92f" }, { limit: 1 }));
    expect(all.map(({ traceId }) => traceId)).toEqual(["4bf92f-no-hex", "t", hex]);
  });

  test("many codes are searched like few", async () => {
    const store = await openStore();
    await store.append(
      Array.from({ length: 300 }, (_, i) => [
        line(`t${i}`, `A_${i + 100}`, T + i),
        line(`t${i}`, "B_1", T + i + 1),
      ]).flat(),
    );
    await store.settled();
    for (const role of ["root", "any"] as const) {
      const { traces } = await store.searchTraces(query({ system: "A", role }, { limit: 3 }));
      expect(traces.map(({ traceId }) => traceId)).toEqual(["t299", "t298", "t297"]);
    }
  });
});

test.each(["line first", "chain first"])("a chain says where a module ends: %s", async (order) => {
  const store = await openStore();
  const fullCode = "PAY_RISK_2";
  const cause = { system: "PAY", code: "RISK_2", message: "m" };
  const ofLine = line("t1", fullCode, T);
  const ofChain = line("t2", fullCode, T + 1);
  const chain = { ...ofChain, record: { ...ofChain.record, kind: "server", causes: [cause] } };
  for (const record of order === "line first" ? [ofLine, chain] : [chain, ofLine]) {
    await store.append([record as NewRecord]);
    await store.settled();
  }
  const code = { fullCode, system: "PAY", module: "", code: "RISK_2" };
  expect((await top(store, "root")).codes).toMatchObject([{ code, count: 2 }]);
  expect((await store.searchTraces(query({ system: "PAY" }))).traces).toMatchObject([
    { root: code },
    { root: code },
  ]);
  expect((await store.searchTraces(query({ module: "RISK" }))).traces).toEqual([]);
});

test("watchers are told of new and changed traces", async () => {
  const store = await openStore();
  const told: string[] = [];
  const stop = store.watch((changes) => {
    told.push(
      ...changes.map(({ trace, changed }) => `${trace.traceId} ${trace.root.fullCode} ${changed}`),
    );
  });
  const [c, b, a] = abc("t1");
  for (const batch of [[b, a], [c]]) {
    await store.append(batch.flatMap((record) => record ?? []));
    await store.settled();
  }
  expect(told).toEqual(["t1 B_2000 false", "t1 C_3000 true"]);
  stop();
  await store.append(abc("t2"));
  await store.settled();
  expect(told).toHaveLength(2);
});

describe("retention", () => {
  const in2020Us = Date.UTC(2020, 0, 1) * 1000;
  const in2020 = { startUs: in2020Us, endUs: in2020Us + HOUR };

  test("of counts: a record whose clock is years behind keeps its code", async () => {
    const store = await openStore(undefined, { days: 0, bytes: 0, countDays: 1 });
    await store.append([line("t1", "OLD_1000", in2020Us)]);
    await store.settled();
    expect((await top(store, "root", in2020)).total).toBe(1);
    await expect
      .poll(async () => (await top(store, "root", in2020)).total, { timeout: 15_000 })
      .toBe(0);
    expect((await store.recordsOf("t1")).records).toMatchObject([{ fullCode: "OLD_1000" }]);
    await store.append([line("t1", "NEW_1000", in2020Us + 1)]);
    await store.settled();
    const { traces } = await store.searchTraces(query({}, { range: in2020 }));
    expect(traces).toMatchObject([
      { root: { fullCode: "OLD_1000" }, surfaced: { fullCode: "NEW_1000" } },
    ]);
  });

  test("of counts: a code that nothing refers to goes", async () => {
    const days = 3 / 86_400;
    const store = await openStore(undefined, { days, bytes: 0, countDays: days });
    await store.append([line("t1", "OLD_1000", in2020Us)]);
    await store.settled();
    expect(await store.code({ fullCode: "OLD_1000", range: in2020 })).toMatchObject({ count: 1 });
    await expect
      .poll(() => store.code({ fullCode: "OLD_1000", range: in2020 }), { timeout: 20_000 })
      .toBeUndefined();
    await store.append([line("t2", "OLD_1000", in2020Us)]);
    expect((await store.recordsOf("t2")).records).toMatchObject([{ fullCode: "OLD_1000" }]);
  });

  test("by days: traces of a time when the clock was ahead go with their neighbours", async () => {
    const store = await openStore();
    const ids = ["ahead1", "ahead2", "old", "ahead3", "new"];
    for (const id of ids) {
      await store.append([line(id, "A_1000", T)]);
      await store.settled();
    }
    await store.close();
    const db = new DatabaseSync(join(store.folder, "hub.sqlite"));
    const set = db.prepare(
      "UPDATE trace SET received_us = ? WHERE id IN (SELECT value FROM json_each(?))",
    );
    const nowUs = Date.now() * 1000;
    set.run(nowUs + 1000 * 24 * HOUR, "[1, 2, 4]");
    set.run(nowUs - 30 * 24 * HOUR, "[3]");
    db.close();
    const again = await openStore(store.folder, { days: 14, bytes: 0, countDays: 0 });
    const left = async () => {
      const found = await Promise.all(ids.map((id) => again.recordsOf(id)));
      return ids.filter((_, i) => found[i]?.records.length !== 0);
    };
    await expect.poll(left, { timeout: 15_000 }).toEqual(["ahead3", "new"]);
    expect((await again.stats()).traceCount).toBe(2);
  });

  test("by days: where the minutes are gone, whole hours are counted", async () => {
    const hour = Math.floor((Date.now() * 1000) / HOUR) * HOUR - 20 * 24 * HOUR;
    const minute = 60_000_000;
    const store = await openStore(undefined, { days: 14, bytes: 0, countDays: 0 });
    await store.append([line("t1", "A_1000", hour + 30 * minute)]);
    await store.settled();
    const range = { startUs: hour + 15 * minute, endUs: hour + 45 * minute };
    const wholeHour = { startUs: hour, endUs: hour + HOUR };
    expect((await top(store, "root", range)).total).toBe(1);
    await expect
      .poll(async () => (await top(store, "root", range)).range, { timeout: 15_000 })
      .toEqual(wholeHour);
    expect(await top(store, "root", range)).toMatchObject({
      total: 1,
      totalBefore: 0,
      codes: [{ code: { fullCode: "A_1000" }, count: 1, countBefore: 0 }],
      systems: [{ system: "A", count: 1 }],
    });
    const next = { startUs: wholeHour.endUs, endUs: wholeHour.endUs + minute };
    expect(await top(store, "root", next)).toMatchObject({ total: 0, totalBefore: 1 });
    expect(await store.code({ fullCode: "A_1000", range })).toMatchObject({ count: 1 });
    const trend = { range, role: "root", system: "", fullCode: "", limit: 5 } as const;
    expect(await store.trend({ ...trend, group: "all", stepSeconds: 60 })).toEqual({
      startUs: hour,
      stepSeconds: 3600,
      series: [{ name: "", counts: [1], total: 1 }],
    });
  });

  test("by bytes: what counts take does not cost the traces", async () => {
    const store = await openStore(undefined, { days: 0, bytes: 1_000_000, countDays: 0 });
    const codes = 20_000;
    await store.append(
      Array.from({ length: codes }, (_, i) => line(`t${i}`, `A_${100_000 + i}`, T + i)),
    );
    await store.settled();
    await expect
      .poll(async () => (await store.stats()).traceCount, { timeout: 15_000 })
      .toBeLessThan(codes / 2);
    await sleep(6_000); // a further pass
    expect((await store.stats()).traceCount).toBeGreaterThan(500);
    expect((await top(store, "root")).total).toBe(codes);
  });

  test("by bytes: the oldest traces go, their counts stay", async () => {
    const filler = "x".repeat(4000);
    const store = await openStore(undefined, { days: 0, bytes: 3_000_000, countDays: 0 });
    for (let i = 0; i < 4; i++) {
      const batch = Array.from({ length: 500 }, (_, n) => line(`t${i}-${n}`, "A_1000", T, filler));
      await store.append(batch);
      await store.settled();
    }
    await expect
      .poll(async () => (await store.stats()).recordCount, { timeout: 15_000 })
      .toBeLessThan(900);
    expect((await store.recordsOf("t0-0")).records).toEqual([]);
    expect((await store.recordsOf("t3-499")).records).toHaveLength(1);
    expect((await top(store, "root")).total).toBe(2000);
    const { traceCount, recordCount } = await store.stats();
    expect(traceCount).toBe(recordCount);
  });

  test("by days: what came in long ago goes, also if its clock was wrong; its counts stay", async () => {
    const days = 3 / 86_400;
    const store = await openStore(undefined, { days, bytes: 0, countDays: 0 });
    await store.append([line("t1", "A_1000", T), line("t2", "A_1000", T + 900 * 24 * HOUR)]);
    await store.settled();
    expect((await top(store, "root")).total).toBe(1);
    await expect
      .poll(async () => await store.stats(), { timeout: 15_000 })
      .toMatchObject({
        recordCount: 0,
        traceCount: 0,
        oldestTraceUs: 0,
      });
    expect((await store.searchTraces(query({}, {}))).traces).toEqual([]);
    expect((await top(store, "root")).total).toBe(1);
  });
});
