import type { DatabaseSync } from "node:sqlite";
import { comparePositions, type Position, pageTokenOf, readPageToken } from "../page-token.js";
import { decodeRecord } from "../record-codec.js";
import {
  MAX_RECORDS_OF_TRACE,
  type Role,
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

/** SQL: the IDs of the first records of a trace, from an index, without reading the records. */
export const FIRST_RECORDS = "SELECT id FROM record WHERE trace = ? ORDER BY id LIMIT ?";

/** The records of a trace, in the order of arrival. */
export function recordsOf(db: DatabaseSync, traceId: string): TraceRecords {
  const rows = db
    .prepare(
      `SELECT label.text AS code, record.data FROM record JOIN label ON label.id = record.code
       WHERE record.id IN (${FIRST_RECORDS}) ORDER BY record.id`,
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

/**
 * Finds traces. A page may be short, even empty, and still have a next one.
 *
 * All come in one order. Only where a page ends early, for it has looked at too many
 * traces, those further on whose ID begins with the text are given ahead of the others.
 */
export function searchTraces(db: DatabaseSync, query: TraceQuery): TracePage {
  const { range, filter, limit, pageToken } = query;
  const codes = codesOf(db, filter);
  if (codes?.length === 0) {
    return { traces: [], nextPageToken: "" };
  }
  const begin = { firstUs: range.endUs, id: 0 };
  let { position, idPosition } = readPageToken(pageToken) ?? { position: begin, idPosition: begin };
  const isGiven = (row: TraceRow) =>
    hasId(row, filter.text) && comparePositions(positionOf(row), idPosition) <= 0;
  const found: TraceRow[] = [];
  let atEnd = false;
  for (let scanned = 0; found.length < limit && scanned < MAX_SCANNED && !atEnd; ) {
    const wanted = filter.text === "" ? limit - found.length : SCAN_PIECE;
    const candidates = candidatesFrom(db, position, range.startUs, filter, codes, wanted);
    scanned += candidates.length;
    const rows = withText(db, candidates, filter.text).filter((row) => !isGiven(row));
    const taken = rows.slice(0, limit - found.length);
    found.push(...taken);
    const lastTaken = taken.at(-1);
    if (taken.length < rows.length && lastTaken !== undefined) {
      position = positionOf(lastTaken);
    } else {
      position = candidates.at(-1) ?? position;
      atEnd = candidates.length < wanted;
    }
  }
  if (found.length < limit && !atEnd) {
    const from = comparePositions(position, idPosition) < 0 ? idPosition : position;
    const ahead = withId(db, query, codes, from, limit - found.length);
    found.push(...ahead);
    const last = ahead.at(-1);
    idPosition = last ? positionOf(last) : idPosition;
  }
  return {
    traces: found.map((row) => traceOf(db, row)),
    nextPageToken: atEnd ? "" : pageTokenOf({ position, idPosition }),
  };
}

function positionOf({ first_us: firstUs, id }: TraceRow): Position {
  return { firstUs, id };
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
    return select(`${traces} AND ${hasCode(role)} ${order}`, JSON.stringify(codes));
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
  return [...found.values()].sort(comparePositions).slice(0, limit);
}

/** SQL: whether a trace has one of the codes in the fifth parameter. */
function hasCode(role: Role): string {
  const given = "IN (SELECT value FROM json_each(?5))";
  return role === "any"
    ? `EXISTS (SELECT 1 FROM json_each(trace.counted, '$.any') WHERE value ${given})`
    : `${role} ${given}`;
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
  return rows.filter((row) => hasText(row, text));
}

/** Whether a text is in a message, or the beginning of the ID. */
function hasText({ key, summary }: TraceRow, text: string): boolean {
  if (text === "") {
    return true;
  }
  const { root, surfaced } = JSON.parse(summary) as Summary;
  const part = text.toLowerCase();
  const idPart = idTextOf(text)?.toLowerCase();
  return (
    root.toLowerCase().includes(part) ||
    surfaced.toLowerCase().includes(part) ||
    (idPart !== undefined && traceIdOf(key).toLowerCase().startsWith(idPart))
  );
}

/** Many IDs begin with a text that is shorter. */
const MIN_ID_LENGTH = 4;

/** The beginning of a trace ID that a text may be. */
function idTextOf(text: string): string | undefined {
  const trimmed = text.trim();
  return trimmed.length < MIN_ID_LENGTH ? undefined : trimmed;
}

/** Whether withId() finds a trace. */
function hasId({ key }: TraceRow, text: string): boolean {
  const idText = idTextOf(text);
  return (
    idText !== undefined &&
    traceIdOf(key).startsWith(typeof key === "string" ? idText : idText.toLowerCase())
  );
}

/**
 * The next traces whose ID begins with the filter's text, by the index of IDs: upper
 * and lower case differ in IDs that are no hex digits. None where there are too many.
 */
function withId(
  db: DatabaseSync,
  { filter, range }: TraceQuery,
  codes: readonly number[] | undefined,
  from: Position,
  limit: number,
): TraceRow[] {
  const idText = idTextOf(filter.text);
  if (idText === undefined) {
    return [];
  }
  const hex = /^[0-9a-f]{1,32}$/i.test(idText) ? idText.toLowerCase() : undefined;
  const keys: (readonly [TraceKey, TraceKey])[] = [[idText, `${idText}\u{10ffff}`]];
  if (hex !== undefined) {
    keys.push([keyOf(hex.padEnd(32, "0")), keyOf(hex.padEnd(32, "f"))]);
  }
  const between = "FROM trace INDEXED BY trace_key WHERE key >= ?1 AND key <= ?2";
  const count = db.prepare(
    `SELECT count(*) AS n FROM (SELECT 1 ${between} LIMIT ${MAX_SCANNED + 1})`,
  );
  if (keys.some(([low, high]) => Number(count.get(low, high)?.["n"]) > MAX_SCANNED)) {
    return [];
  }
  const select = db.prepare(
    `SELECT ${COLUMNS} ${between} AND (first_us, id) < (?3, ?4) AND first_us >= ?6
     AND ${codes === undefined ? "?5 = ''" : hasCode(filter.role)}
     ORDER BY first_us DESC, id DESC LIMIT ?7`,
  );
  const codeList = codes === undefined ? "" : JSON.stringify(codes);
  return keys
    .flatMap(([low, high]) =>
      select.all(low, high, from.firstUs, from.id, codeList, range.startUs, limit),
    )
    .map((row) => row as unknown as TraceRow)
    .sort((a, b) => comparePositions(positionOf(a), positionOf(b)))
    .slice(0, limit);
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
