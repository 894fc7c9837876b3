import type { DatabaseSync } from "node:sqlite";
import type { TraceLink } from "../../trace/hop.js";
import type { HopRecord } from "../../trace/hop-record.js";
import { linkTrace } from "../../trace/link-trace.js";
import { decodeRecord } from "../record-codec.js";
import { MAX_RECORDS_OF_TRACE, type StoredTrace, type TraceChange } from "../store.js";
import type { Counters } from "./counters.js";
import type { Counted, Counts } from "./counts.js";
import { CODE, type Labels } from "./labels.js";
import { FIRST_RECORDS } from "./search.js";
import { type Summary, storedTrace } from "./summary.js";
import { type TraceKey, traceIdOf } from "./trace-key.js";

interface RecordRow {
  readonly id: number;
  readonly trace: TraceKey;
  readonly code: number;
  readonly data: string;
}

interface TraceRow {
  readonly id: number;
  readonly counted: string;
  readonly first_us: number;
}

/**
 * Puts new records into counts and searches, within a transaction of the caller:
 * links each trace that has new ones, and replaces what it had added before. Gives
 * the traces that were added or have changed; empty if there was nothing to do.
 */
export function createDigest(
  db: DatabaseSync,
  labels: Labels,
  counters: Counters,
  counts: Counts,
): (limit: number, nowUs: number) => TraceChange[] {
  const nextRecords = db.prepare(
    "SELECT id, trace, code, data FROM record WHERE id > ? ORDER BY id LIMIT ?",
  );
  const allRecords = db.prepare(
    `SELECT id, trace, code, data FROM record WHERE id IN (${FIRST_RECORDS}) ORDER BY id`,
  );
  const findTrace = db.prepare("SELECT id, counted, first_us FROM trace WHERE key = ?");
  const addTrace = db.prepare(
    `INSERT INTO trace (key, first_us, last_us, root, surfaced, received_us, summary, counted)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const changeTrace = db.prepare(
    `UPDATE trace SET first_us = ?, last_us = ?, root = ?, surfaced = ?, summary = ?, counted = ?
     WHERE id = ?`,
  );
  const addCode = db.prepare(
    "INSERT OR IGNORE INTO trace_code (code, first_us, trace) VALUES (?, ?, ?)",
  );
  const removeCode = db.prepare(
    "DELETE FROM trace_code WHERE code = ? AND first_us = ? AND trace = ?",
  );
  const seen = db.prepare(
    `UPDATE label SET first_us = min(coalesce(first_us, ?), ?), last_us = max(coalesce(last_us, 0), ?)
     WHERE id = ?`,
  );

  return (limit, nowUs) => {
    const rows = nextRecords.all(counters.get("digested"), limit) as unknown as RecordRow[];
    const last = rows.at(-1);
    if (last === undefined) {
      return [];
    }
    const changes: TraceChange[] = [];
    const seenFrom = new Map<number, number>();
    const seenUntil = new Map<number, number>();
    let added = 0;
    for (const [traceId, fresh] of Map.groupBy(rows, ({ trace }) => traceIdOf(trace))) {
      const key = fresh[0]?.trace ?? "";
      const old = findTrace.get(key) as unknown as TraceRow | undefined;
      const before = old && (JSON.parse(old.counted) as Counted);
      if (before?.isFull) continue;
      // All records of a trace that is not known yet are new ones.
      const records = old
        ? (allRecords.all(key, MAX_RECORDS_OF_TRACE) as unknown as RecordRow[])
        : fresh.slice(0, MAX_RECORDS_OF_TRACE);
      const link = linkTrace(records.map((row) => recordOf(row, traceId, labels)));
      if (link === undefined) continue;
      const { trace, counted: hops, summary } = summarize(traceId, link, labels);
      const isFull = records.length === MAX_RECORDS_OF_TRACE;
      const counted: Counted = isFull ? { ...hops, isFull } : hops;
      const texts = [JSON.stringify(summary), JSON.stringify(counted)] as const;
      let id = old?.id;
      if (old === undefined || before === undefined || id === undefined) {
        const { firstUs, lastUs } = trace;
        const { root, surfaced } = counted;
        const result = addTrace.run(key, firstUs, lastUs, root, surfaced, nowUs, ...texts);
        id = Number(result.lastInsertRowid);
        added++;
      } else {
        counts.add(before, -1);
        for (const code of furtherCodes(before)) {
          removeCode.run(code, old.first_us, id);
        }
        const { firstUs, lastUs } = trace;
        changeTrace.run(firstUs, lastUs, counted.root, counted.surfaced, ...texts, id);
      }
      counts.add(counted, 1);
      for (const code of furtherCodes(counted)) {
        addCode.run(code, trace.firstUs, id);
      }
      for (const code of counted.any) {
        seenFrom.set(code, Math.min(seenFrom.get(code) ?? trace.firstUs, trace.firstUs));
        seenUntil.set(code, Math.max(seenUntil.get(code) ?? trace.lastUs, trace.lastUs));
      }
      const codes = [...new Set(counted.any)].flatMap((code) => labels.code(code) ?? []);
      changes.push({ trace, codes, changed: old !== undefined });
    }
    for (const [code, firstUs] of seenFrom) {
      seen.run(firstUs, firstUs, seenUntil.get(code) ?? firstUs, code);
    }
    counts.flush();
    counters.add("traces", added);
    counters.add("digested", last.id - counters.get("digested"));
    return changes;
  };
}

function recordOf({ code, data }: RecordRow, traceId: string, labels: Labels): HopRecord {
  return decodeRecord(traceId, labels.code(code)?.fullCode ?? "", data);
}

/** The codes of a trace that neither its root nor its surfaced code stands for. */
function furtherCodes({ root, surfaced, any }: Counted): Set<number> {
  return new Set(any.filter((code) => code !== root && code !== surfaced));
}

function summarize(
  traceId: string,
  { hops, firstFault, certainty }: TraceLink,
  labels: Labels,
): { trace: StoredTrace; counted: Counted; summary: Summary } {
  const ids = hops.map((hop) => labels.id(CODE, hop.fullCode, hop));
  const links = new Map<string, readonly [number, number]>();
  hops.forEach(({ parent }, index) => {
    const above = ids[parent];
    const below = ids[index];
    if (above !== undefined && below !== undefined) {
      links.set(`${above},${below}`, [above, below]);
    }
  });
  const times = hops.map(({ timeUs }) => timeUs);
  const firstUs = times.reduce((a, b) => Math.min(a, b));
  const lastUs = times.reduce((a, b) => Math.max(a, b));
  const root = ids[firstFault] ?? 0;
  const surfaced = ids[0] ?? 0;
  const fault = hops[firstFault];
  const summary: Summary = {
    root: fault?.message ?? "",
    surfaced: hops[0]?.message ?? "",
    certainty,
    hops: hops.length,
    systems: [...new Set(hops.map(({ system }) => system))].slice(0, 32),
    ...(fault?.provenance ? { provenance: fault.provenance } : {}),
  };
  const counted: Counted = {
    minute: Math.floor(firstUs / 60_000_000),
    root,
    surfaced,
    any: ids,
    links: [...links.values()],
  };
  const named = { root: labels.code(root), surfaced: labels.code(surfaced) };
  return { trace: storedTrace(traceId, firstUs, lastUs, named, summary), counted, summary };
}
