import type { DatabaseSync } from "node:sqlite";
import { type Position, pageTokenOf, readPageToken } from "../page-token.js";
import { decodeRecord } from "../record-codec.js";
import {
  MAX_RECORDS_OF_TRACE,
  type StoredCode,
  type StoredTrace,
  type TraceFilter,
  type TracePage,
  type TraceQuery,
  type TraceRecords,
} from "../store.js";
import { CODE, storedCode } from "./labels.js";
import { type Summary, storedTrace } from "./summary.js";
import { keyOf, type TraceKey, traceIdOf } from "./trace-key.js";

/** The records of a trace, in the order of arrival. */
export function recordsOf(db: DatabaseSync, traceId: string): TraceRecords {
  const rows = db
    .prepare(
      `SELECT label.text AS code, record.data FROM record JOIN label ON label.id = record.code
       WHERE record.trace = ? ORDER BY record.id LIMIT ?`,
    )
    .all(keyOf(traceId), MAX_RECORDS_OF_TRACE + 1) as { code: string; data: string }[];
  return {
    records: rows
      .slice(0, MAX_RECORDS_OF_TRACE)
      .map(({ code, data }) => decodeRecord(traceId, code, data)),
    more: rows.length > MAX_RECORDS_OF_TRACE,
  };
}

interface TraceRow {
  readonly id: number;
  readonly key: TraceKey;
  readonly first_us: number;
  readonly last_us: number;
  readonly root: number;
  readonly surfaced: number;
  readonly summary: string;
}

/** So many traces are looked at for a text, then the page ends early. */
const MAX_SCANNED = 200_000;
const SCAN_PIECE = 5_000;
/** For more codes than this, one scan over all traces is faster. */
const MAX_CODES = 100;

/** Finds traces. A page may be short, even empty, and still have a next one. */
export function searchTraces(db: DatabaseSync, query: TraceQuery): TracePage {
  const { range, filter, limit, pageToken } = query;
  const codes = codesOf(db, filter);
  if (codes?.length === 0) {
    return { traces: [], nextPageToken: "" };
  }
  const found: TraceRow[] = pageToken === "" ? withTraceId(db, query, codes) : [];
  const known = new Set(found.map(({ id }) => id));
  let position = readPageToken(pageToken) ?? { firstUs: range.endUs, id: 0 };
  let atEnd = false;
  for (let scanned = 0; found.length < limit && scanned < MAX_SCANNED && !atEnd; ) {
    const wanted = filter.text === "" ? limit - found.length : SCAN_PIECE;
    const candidates = candidatesFrom(db, position, range.startUs, filter, codes, wanted);
    scanned += candidates.length;
    const rows = withText(db, candidates, filter.text).filter(({ id }) => !known.has(id));
    const taken = rows.slice(0, limit - found.length);
    found.push(...taken);
    const lastTaken = taken.at(-1);
    if (taken.length < rows.length && lastTaken !== undefined) {
      position = { firstUs: lastTaken.first_us, id: lastTaken.id };
    } else {
      position = candidates.at(-1) ?? position;
      atEnd = candidates.length < wanted;
    }
  }
  found.sort((a, b) => b.first_us - a.first_us || b.id - a.id);
  return {
    traces: found.map((row) => traceOf(db, row)),
    nextPageToken: atEnd ? "" : pageTokenOf(position),
  };
}

/** The codes that a filter allows; undefined for all. */
function codesOf(db: DatabaseSync, filter: TraceFilter): number[] | undefined {
  const { system, module, fullCode } = filter;
  if (system === "" && module === "" && fullCode === "") {
    return undefined;
  }
  const rows = db
    .prepare(
      `SELECT id FROM label WHERE kind = ${CODE}
       AND (?1 = '' OR text = ?1) AND (?2 = '' OR system = ?2) AND (?3 = '' OR module = ?3)`,
    )
    .all(fullCode, system, module) as { id: number }[];
  return rows.map(({ id }) => id);
}

/** The next traces in the order of searches, the text aside. */
function candidatesFrom(
  db: DatabaseSync,
  from: Position,
  startUs: number,
  { role }: TraceFilter,
  codes: readonly number[] | undefined,
  limit: number,
): Position[] {
  const place = "(first_us, id) < (?1, ?2) AND first_us >= ?3";
  const order = "ORDER BY first_us DESC, id DESC LIMIT ?4";
  const select = (sql: string, ...more: (number | string)[]) =>
    db.prepare(sql).all(from.firstUs, from.id, startUs, limit, ...more) as unknown as Position[];
  const traces = `SELECT first_us AS firstUs, id FROM trace WHERE ${place}`;
  if (codes === undefined) {
    return select(`${traces} ${order}`);
  }
  if (codes.length > MAX_CODES) {
    const given = "IN (SELECT value FROM json_each(?5))";
    const matches =
      role === "any"
        ? `EXISTS (SELECT 1 FROM json_each(trace.counted, '$.any') WHERE value ${given})`
        : `${role} ${given}`;
    return select(`${traces} AND ${matches} ${order}`, JSON.stringify(codes));
  }
  const columns = role === "any" ? ["root", "surfaced"] : [role];
  const found = new Map<number, Position>();
  for (const code of codes) {
    const ofCode = columns.flatMap((column) =>
      select(`${traces} AND ${column} = ?5 ${order}`, code),
    );
    if (role === "any") {
      ofCode.push(
        ...select(
          `SELECT first_us AS firstUs, trace AS id FROM trace_code
           WHERE code = ?5 AND (first_us, trace) < (?1, ?2) AND first_us >= ?3
           ORDER BY first_us DESC, trace DESC LIMIT ?4`,
          code,
        ),
      );
    }
    for (const position of ofCode) {
      found.set(position.id, position);
    }
  }
  return [...found.values()].sort((a, b) => b.firstUs - a.firstUs || b.id - a.id).slice(0, limit);
}

const COLUMNS = "id, key, first_us, last_us, root, surfaced, summary";

function withText(db: DatabaseSync, positions: readonly Position[], text: string): TraceRow[] {
  const ids = JSON.stringify(positions.map(({ id }) => id));
  const rows = db
    .prepare(
      `SELECT ${COLUMNS} FROM trace WHERE id IN (SELECT value FROM json_each(?))
       ORDER BY first_us DESC, id DESC`,
    )
    .all(ids) as unknown as TraceRow[];
  return rows.filter(({ summary }) => hasText(summary, text));
}

function hasText(json: string, text: string): boolean {
  if (text === "") {
    return true;
  }
  const { root, surfaced } = JSON.parse(json) as Summary;
  const part = text.toLowerCase();
  return root.toLowerCase().includes(part) || surfaced.toLowerCase().includes(part);
}

/** The traces whose ID begins with the filter's text. */
function withTraceId(
  db: DatabaseSync,
  { filter, range, limit }: TraceQuery,
  codes: readonly number[] | undefined,
): TraceRow[] {
  const text = filter.text.trim();
  if (text.length < 4 || codes !== undefined) {
    return [];
  }
  const select = db.prepare(
    `SELECT ${COLUMNS} FROM trace WHERE key >= ? AND key <= ?
     AND first_us >= ? AND first_us < ? LIMIT ?`,
  );
  const find = (low: TraceKey, high: TraceKey) =>
    select.all(low, high, range.startUs, range.endUs, limit) as unknown as TraceRow[];
  const found = find(text, `${text}\u{10ffff}`);
  if (/^[0-9a-f]{1,32}$/i.test(text)) {
    const hex = text.toLowerCase();
    found.push(...find(keyOf(hex.padEnd(32, "0")), keyOf(hex.padEnd(32, "f"))));
  }
  return found.slice(0, limit);
}

function traceOf(db: DatabaseSync, row: TraceRow): StoredTrace {
  const label = db.prepare("SELECT text, system, module, code FROM label WHERE id = ?");
  const codeOf = (id: number): StoredCode | undefined => {
    const found = label.get(id) as Record<string, unknown> | undefined;
    return found && storedCode(found);
  };
  const named = { root: codeOf(row.root), surfaced: codeOf(row.surfaced) };
  const summary = JSON.parse(row.summary) as Summary;
  return storedTrace(traceIdOf(row.key), row.first_us, row.last_us, named, summary);
}
