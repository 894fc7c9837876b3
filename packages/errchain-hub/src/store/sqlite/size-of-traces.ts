import type { DatabaseSync } from "node:sqlite";

/** How much of the database records and traces take. */
export interface SizeOfTraces {
  isOver(bytes: number): boolean;
}

/** Measuring takes up to one part in so many of the time. */
const TIME_PART = 100;

/**
 * Measures the tables that are not for records and traces, and takes the rest of the
 * database for these: their tables are too large to be measured themselves.
 */
export function createSizeOfTraces(db: DatabaseSync): SizeOfTraces {
  const sizes = db.prepare(
    `SELECT (page_count - freelist_count) * page_size AS used
     FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()`,
  );
  // https://sqlite.org/dbstat.html
  const otherSizes = db.prepare(
    `SELECT coalesce(sum(pgsize), 0) AS used FROM sqlite_schema AS part
     CROSS JOIN dbstat ON dbstat.name = part.name AND dbstat.aggregate = 1
     WHERE part.tbl_name NOT IN ('record', 'trace', 'trace_code')`,
  );
  let others = 0;
  let measureAtMs = 0;
  return {
    isOver(bytes) {
      const { used } = sizes.get() as { used: number };
      const startedMs = performance.now();
      if (used > bytes && startedMs >= measureAtMs) {
        others = (otherSizes.get() as { used: number }).used;
        const endedMs = performance.now();
        measureAtMs = endedMs + (endedMs - startedMs) * TIME_PART;
      }
      return used - others > bytes;
    },
  };
}
