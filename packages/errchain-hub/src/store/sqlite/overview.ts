import type { DatabaseSync } from "node:sqlite";
import type {
  CodeCount,
  CodeLink,
  CodeQuery,
  CodeResult,
  Range,
  Role,
  SystemCount,
  TopQuery,
  TopResult,
  TrendQuery,
  TrendResult,
  TrendSeries,
} from "../store.js";
import { ROLES } from "./counts.js";
import { CODE, type LabelKind, SYSTEM, storedCode } from "./labels.js";

const MINUTE_US = 60_000_000;
const HOUR_US = 60 * MINUTE_US;

/**
 * The range that is counted for one that was asked for: in whole minutes, and in whole
 * hours where the minutes are not kept any more.
 */
function countedRange(db: DatabaseSync, { startUs, endUs }: Range): Range {
  const keptUs = minutesKeptFromUs(db);
  const startUnitUs = startUs < keptUs ? HOUR_US : MINUTE_US;
  const endUnitUs = endUs < keptUs ? HOUR_US : MINUTE_US;
  return {
    startUs: Math.floor(startUs / startUnitUs) * startUnitUs,
    endUs: Math.ceil(endUs / endUnitUs) * endUnitUs,
  };
}

/** From when on failures are counted by the minute; a whole hour. */
function minutesKeptFromUs(db: DatabaseSync): number {
  const row = db.prepare("SELECT value FROM meta WHERE name = 'minutesFrom'").get();
  return Number(row?.["value"] ?? 0) * MINUTE_US;
}

/** The range before one, of the same length. */
function rangeBefore({ startUs, endUs }: Range): Range {
  return { startUs: 2 * startUs - endUs, endUs: startUs };
}

/** A part of a range: whole hours are counted by the hour, the rest by the minute. */
interface Part {
  readonly table: "minute_count" | "hour_count";
  readonly from: number;
  readonly to: number;
}

/** The parts of a range of whole minutes. */
function partsOf({ startUs, endUs }: Range): Part[] {
  const start = startUs / MINUTE_US;
  const end = endUs / MINUTE_US;
  const firstHour = Math.ceil(start / 60);
  const lastHour = Math.floor(end / 60);
  if (firstHour >= lastHour) {
    return [{ table: "minute_count", from: start, to: end }];
  }
  const parts: Part[] = [
    { table: "minute_count", from: start, to: firstHour * 60 },
    { table: "hour_count", from: firstHour, to: lastHour },
    { table: "minute_count", from: lastHour * 60, to: end },
  ];
  return parts.filter(({ from, to }) => from < to);
}

/** SQL for the counts of a kind in a range: rows of label and n. */
function countsIn(range: Range, role: Role, kind: LabelKind): string {
  const parts = partsOf(range).map(
    ({ table, from, to }) =>
      `SELECT label, n FROM ${table}
       WHERE role = ${ROLES[role]} AND kind = ${kind} AND at >= ${from} AND at < ${to}`,
  );
  return `SELECT label, sum(n) AS n FROM (${parts.join(" UNION ALL ")}) GROUP BY label HAVING sum(n) > 0`;
}

/** How often one label occurred. */
function countOf(db: DatabaseSync, range: Range, role: Role, label: number): number {
  return partsOf(range).reduce((sum, { table, from, to }) => {
    const { n } = db
      .prepare(
        `SELECT coalesce(sum(n), 0) AS n FROM ${table}
         WHERE label = ? AND role = ? AND at >= ? AND at < ?`,
      )
      .get(label, ROLES[role], from, to) as { n: number };
    return sum + n;
  }, 0);
}

/** More codes than this are counted, but not shown one by one. */
const MAX_CODES = 5_000;
const CODES_OF_SYSTEM = 10;

export function topCodes(db: DatabaseSync, query: TopQuery): TopResult {
  const { role, system, onlyNew, limit } = query;
  const range = countedRange(db, query.range);
  const before = countedRange(db, rangeBefore(range));
  const counts = `WITH counts AS MATERIALIZED (${countsIn(range, role, CODE)})`;
  const rows = db
    .prepare(
      `${counts} SELECT counts.n, label.* FROM counts JOIN label ON label.id = counts.label
       ORDER BY counts.n DESC, label.text LIMIT ${MAX_CODES}`,
    )
    .all();
  const matches = "(?1 = '' OR system = ?1) AND (?2 = 0 OR first_us >= ?2)";
  const parameters = [system, onlyNew ? query.range.startUs : 0];
  const { codeCount } = db
    .prepare(
      `${counts} SELECT count(*) AS codeCount FROM counts JOIN label ON label.id = counts.label
       WHERE ${matches}`,
    )
    .get(...parameters) as { codeCount: number };
  const selected =
    rows.length < MAX_CODES || (system === "" && !onlyNew)
      ? rows.filter(
          (row) =>
            (system === "" || row["system"] === system) &&
            (!onlyNew || Number(row["first_us"]) >= query.range.startUs),
        )
      : db
          .prepare(
            `${counts} SELECT counts.n, label.* FROM counts JOIN label ON label.id = counts.label
             WHERE ${matches} ORDER BY counts.n DESC, label.text LIMIT ${MAX_CODES}`,
          )
          .all(...parameters);
  const toCount = (row: Record<string, unknown>): CodeCount => ({
    code: storedCode(row),
    count: Number(row["n"]),
    countBefore: countOf(db, before, role, Number(row["id"])),
    firstSeenUs: Number(row["first_us"] ?? 0),
  });
  return {
    codes: selected.slice(0, limit).map(toCount),
    systems: systemsIn(db, range, role, counts, rows, toCount),
    total: countOf(db, range, role, 0),
    totalBefore: countOf(db, before, role, 0),
    codeCount,
    range,
  };
}

function systemsIn(
  db: DatabaseSync,
  range: Range,
  role: Role,
  counts: string,
  codes: readonly Record<string, unknown>[],
  toCount: (row: Record<string, unknown>) => CodeCount,
): SystemCount[] {
  const codeCounts = new Map(
    db
      .prepare(
        `${counts} SELECT system, count(*) AS codeCount
         FROM counts JOIN label ON label.id = counts.label GROUP BY system`,
      )
      .all()
      .map((row) => [row["system"], Number(row["codeCount"])]),
  );
  const bySystem = Map.groupBy(codes, (row) => row["system"]);
  return db
    .prepare(
      `SELECT counts.n, label.text FROM (${countsIn(range, role, SYSTEM)}) AS counts
       JOIN label ON label.id = counts.label ORDER BY counts.n DESC, label.text LIMIT 1000`,
    )
    .all()
    .map(({ n, text }) => ({
      system: String(text),
      count: Number(n),
      codeCount: codeCounts.get(text) ?? 0,
      codes: (bySystem.get(text) ?? []).slice(0, CODES_OF_SYSTEM).map(toCount),
    }));
}

export function trend(db: DatabaseSync, query: TrendQuery): TrendResult {
  const { role, system, fullCode, group, limit } = query;
  const { startUs, endUs } = query.range;
  const stepUs = stepOf(db, query);
  const start = Math.floor(startUs / stepUs) * stepUs;
  const steps = Math.ceil((endUs - start) / stepUs);
  const unitUs = stepUs % HOUR_US === 0 ? HOUR_US : MINUTE_US;
  const read = db.prepare(
    `SELECT at, n FROM ${unitUs === HOUR_US ? "hour_count" : "minute_count"}
     WHERE label = ? AND role = ? AND at >= ? AND at < ?`,
  );
  const seriesOf = (name: string, label: number | undefined): TrendSeries => {
    const counts = new Array<number>(steps).fill(0);
    let total = 0;
    const from = start / unitUs;
    const to = from + (steps * stepUs) / unitUs;
    const rows = label === undefined ? [] : read.all(label, ROLES[role], from, to);
    for (const { at, n } of rows as { at: number; n: number }[]) {
      const step = Math.floor((at * unitUs - start) / stepUs);
      counts[step] = (counts[step] ?? 0) + n;
      total += n;
    }
    return { name, counts, total };
  };
  const series: TrendSeries[] = [];
  const whole = wholeOf(db, query);
  if (group === "all") {
    series.push(seriesOf(fullCode || system, whole));
  } else {
    // Of one code, the trend of its system is its own.
    const kind = group === "system" && fullCode === "" ? SYSTEM : CODE;
    const nameOf = group === "system" ? "system" : "text";
    const range = { startUs: start, endUs: start + steps * stepUs };
    const top = db
      .prepare(
        `SELECT label.id, label.text, label.system FROM (${countsIn(range, role, kind)}) AS counts
         JOIN label ON label.id = counts.label
         WHERE (?1 = '' OR label.system = ?1) AND (?2 = '' OR label.text = ?2)
         ORDER BY counts.n DESC, label.text LIMIT ?3`,
      )
      .all(system, fullCode, limit);
    series.push(...top.map((row) => seriesOf(String(row[nameOf]), Number(row["id"]))));
    const rest = restOf(seriesOf("", whole), series);
    if (rest.total > 0) {
      series.push(rest);
    }
  }
  return { startUs: start, stepSeconds: stepUs / 1_000_000, series };
}

/** The step that was asked for, in whole hours where the minutes are not kept any more. */
function stepOf(db: DatabaseSync, { range, stepSeconds }: TrendQuery): number {
  const stepUs = stepSeconds * 1_000_000;
  const startUs = Math.floor(range.startUs / stepUs) * stepUs;
  return startUs < minutesKeptFromUs(db) ? Math.ceil(stepUs / HOUR_US) * HOUR_US : stepUs;
}

/** The label of all that a trend is about; undefined where the store does not know it. */
function wholeOf(db: DatabaseSync, { system, fullCode }: TrendQuery): number | undefined {
  if (fullCode === "" && system === "") {
    return 0;
  }
  const [kind, text] = fullCode === "" ? [SYSTEM, system] : [CODE, fullCode];
  const row = db
    .prepare("SELECT id FROM label WHERE text = ?1 AND kind = ?2 AND (?3 = '' OR system = ?3)")
    .get(text, kind, system);
  return row && Number(row["id"]);
}

function restOf(whole: TrendSeries, series: readonly TrendSeries[]): TrendSeries {
  const counts = whole.counts.map((n, step) =>
    Math.max(
      0,
      series.reduce((left, { counts }) => left - (counts[step] ?? 0), n),
    ),
  );
  return { name: "", counts, total: counts.reduce((sum, n) => sum + n, 0) };
}

const MAX_LINKS = 50;

export function codeDetails(
  db: DatabaseSync,
  { fullCode, range: asked }: CodeQuery,
): CodeResult | undefined {
  const row = db.prepare("SELECT * FROM label WHERE text = ? AND kind = ?").get(fullCode, CODE);
  if (row === undefined) {
    return undefined;
  }
  const label = Number(row["id"]);
  const range = countedRange(db, asked);
  const from = Math.floor(range.startUs / HOUR_US);
  const to = Math.ceil(range.endUs / HOUR_US);
  const links = (other: "above" | "below", own: "above" | "below"): CodeLink[] =>
    db
      .prepare(
        `SELECT label.*, links.n FROM (
           SELECT ${other} AS other, sum(n) AS n FROM link_count
           WHERE ${own} = ? AND at >= ? AND at < ? GROUP BY ${other} HAVING sum(n) > 0
         ) AS links JOIN label ON label.id = links.other
         ORDER BY links.n DESC, label.text LIMIT ${MAX_LINKS}`,
      )
      .all(label, from, to)
      .map((link) => ({ code: storedCode(link), count: Number(link["n"]) }));
  return {
    code: storedCode(row),
    firstSeenUs: Number(row["first_us"] ?? 0),
    lastSeenUs: Number(row["last_us"] ?? 0),
    rootCount: countOf(db, range, "root", label),
    surfacedCount: countOf(db, range, "surfaced", label),
    count: countOf(db, range, "any", label),
    comesFrom: links("below", "above"),
    turnsInto: links("above", "below"),
  };
}
