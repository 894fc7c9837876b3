import type { DatabaseSync } from "node:sqlite";
import type { Counters } from "./counters.js";
import type { Counted } from "./counts.js";
import { CODE, type Labels } from "./labels.js";
import { createSizeOfTraces } from "./size-of-traces.js";
import type { TraceKey } from "./trace-key.js";

/** How long data is kept. 0 stands for no limit. */
export interface RetentionOptions {
  /** Records and traces. */
  readonly days: number;
  /** Records and traces: up to so many bytes of database. Counts and the dictionary come on top. */
  readonly bytes: number;
  /** Counts and the dictionary; never shorter than `days`. */
  readonly countDays: number;
}

/** So many rows go at a time, so that nobody waits long for the writer. */
const PIECE = 2000;

const MINUTE_US = 60_000_000;
const HOUR_US = 60 * MINUTE_US;
const DAY_US = 24 * HOUR_US;

/**
 * Deletes one piece of what is too old or too much, the oldest first, within a
 * transaction of the caller. Gives whether there may be more.
 *
 * A trace is as old as its first record's arrival: the clocks of senders may be wrong.
 */
export function createRetention(
  db: DatabaseSync,
  labels: Labels,
  counters: Counters,
  { days, bytes, countDays }: RetentionOptions,
): (nowUs: number) => boolean {
  const oldestTraces = db.prepare(
    "SELECT id, key, first_us, received_us, counted FROM trace ORDER BY id LIMIT 200",
  );
  const nextArrivedBy = db.prepare(
    "SELECT id, received_us FROM trace WHERE id > ? AND received_us <= ? ORDER BY id LIMIT 1",
  );
  const deleteRecords = db.prepare(
    "DELETE FROM record WHERE id IN (SELECT id FROM record WHERE trace = ? AND id <= ? LIMIT ?)",
  );
  const deleteTrace = db.prepare("DELETE FROM trace WHERE id = ?");
  const deleteCode = db.prepare(
    "DELETE FROM trace_code WHERE code = ? AND first_us = ? AND trace = ?",
  );
  const oldCounts = ["minute_count", "hour_count"].map((table) => ({
    table,
    oldest: db.prepare(`SELECT min(at) AS at FROM ${table} WHERE role = ? AND kind = ?`),
    remove: db.prepare(`DELETE FROM ${table} WHERE role = ? AND kind = ? AND at <= ?`),
  }));
  const deleteLinks = db.prepare(
    `DELETE FROM link_count WHERE (above, below, at) IN
     (SELECT above, below, at FROM link_count WHERE at < ? LIMIT ${PIECE})`,
  );
  const lastLabel = db.prepare("SELECT coalesce(max(id), 0) AS id FROM label");
  const deleteLabels = db.prepare(
    `DELETE FROM label WHERE id > ? AND id <= ? AND kind = ${CODE}
     AND last_record < (SELECT coalesce(min(id), ${Number.MAX_SAFE_INTEGER}) FROM record)
     AND NOT EXISTS (SELECT 1 FROM trace WHERE root = label.id)
     AND NOT EXISTS (SELECT 1 FROM trace WHERE surfaced = label.id)
     AND NOT EXISTS (SELECT 1 FROM trace_code WHERE trace_code.code = label.id)
     AND NOT EXISTS (SELECT 1 FROM minute_count WHERE minute_count.label = label.id)
     AND NOT EXISTS (SELECT 1 FROM hour_count WHERE hour_count.label = label.id)
     AND NOT EXISTS (SELECT 1 FROM link_count WHERE above = label.id)
     AND NOT EXISTS (SELECT 1 FROM link_count WHERE below = label.id)`,
  );
  const sizeOfTraces = createSizeOfTraces(db);
  let labelsSeen = 0;

  function deleteOldTraces(nowUs: number): boolean {
    const tooMuch = bytes > 0 && sizeOfTraces.isOver(bytes);
    const limitUs = days > 0 ? nowUs - days * DAY_US : 0;
    let room = PIECE;
    const traces = oldestTraces.all() as unknown as OldTrace[];
    const arrivalOf = createArrival(nowUs);
    for (const row of traces) {
      if (!tooMuch && arrivalOf(row) >= limitUs) {
        return false;
      }
      const gone = Number(deleteRecords.run(row.key, counters.get("digested"), room).changes);
      counters.add("records", -gone);
      room -= gone;
      if (room <= 0) {
        return true; // the trace may have more records: it goes with the last of them
      }
      const { any } = JSON.parse(row.counted) as Counted;
      for (const code of new Set(any)) {
        deleteCode.run(code, row.first_us, row.id);
      }
      deleteTrace.run(row.id);
      counters.add("traces", -1);
    }
    return traces.length > 0;
  }

  /**
   * When traces arrived, by rising ID. One that seems to have arrived after now has
   * come in while the hub's clock was ahead: it is as old as the next after it.
   */
  function createArrival(nowUs: number): (trace: OldTrace) => number {
    let next = { id: 0, received_us: nowUs };
    return ({ id, received_us }) => {
      if (received_us <= nowUs) {
        return received_us;
      }
      if (next.id < id) {
        const found = nextArrivedBy.get(id, nowUs) as typeof next | undefined;
        next = found ?? { id: Number.MAX_SAFE_INTEGER, received_us: nowUs };
      }
      return next.received_us;
    };
  }

  function deleteOldCounts(nowUs: number): boolean {
    let more = false;
    for (const { table, oldest, remove } of oldCounts) {
      // The minutes go with the traces; the hours are what is kept longer.
      const keepDays = table === "minute_count" && days > 0 ? days : countDays;
      if (keepDays === 0) continue;
      const limitHour = Math.floor((nowUs - keepDays * DAY_US) / HOUR_US);
      // The minutes of an hour go together: from then on the hour stands for them.
      const limit = table === "minute_count" ? limitHour * 60 : limitHour;
      for (const role of [1, 2, 3]) {
        for (const kind of [0, 1, 2]) {
          const { at } = oldest.get(role, kind) as { at: number | null };
          if (at !== null && at < limit) {
            const upTo = Math.min(at + 10, limit - 1);
            remove.run(role, kind, upTo);
            if (table === "minute_count") keepMinutesFrom((Math.floor(upTo / 60) + 1) * 60);
            more = true;
          }
        }
      }
    }
    if (countDays > 0) {
      const limitUs = nowUs - countDays * DAY_US;
      more = deleteLinks.run(Math.floor(limitUs / HOUR_US)).changes === PIECE || more;
      deleteUnusedLabels();
    }
    return more;
  }

  function keepMinutesFrom(minute: number): void {
    counters.add("minutesFrom", Math.max(0, minute - counters.get("minutesFrom")));
  }

  /** Looks at one piece of the dictionary; the next time at the next one. */
  function deleteUnusedLabels(): void {
    const { id: last } = lastLabel.get() as { id: number };
    const from = labelsSeen < last ? labelsSeen : 0;
    labelsSeen = from + PIECE;
    if (deleteLabels.run(from, labelsSeen).changes > 0) {
      labels.forget();
    }
  }

  return (nowUs) => {
    const moreTraces = deleteOldTraces(nowUs);
    const moreCounts = deleteOldCounts(nowUs);
    return moreTraces || moreCounts;
  };
}

interface OldTrace {
  readonly id: number;
  readonly key: TraceKey;
  readonly first_us: number;
  readonly received_us: number;
  readonly counted: string;
}
