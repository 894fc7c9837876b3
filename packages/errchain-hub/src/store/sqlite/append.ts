import type { DatabaseSync } from "node:sqlite";
import type { AppendResult } from "../store.js";
import type { Counters } from "./counters.js";
import { CODE, type Labels } from "./labels.js";
import { keyOf } from "./trace-key.js";

/** Records as they go to the writer's thread: columns, because those are copied faster than objects. */
export interface RecordColumns {
  readonly traceIds: readonly string[];
  readonly identities: Float64Array;
  readonly codes: readonly string[];
  readonly data: readonly string[];
}

/** Stores records, within a transaction of the caller. */
export function createAppend(
  db: DatabaseSync,
  labels: Labels,
  counters: Counters,
): (columns: RecordColumns) => AppendResult {
  const insert = db.prepare(
    "INSERT OR IGNORE INTO record (id, trace, identity, code, data) VALUES (?, ?, ?, ?, ?)",
  );
  const used = db.prepare("UPDATE label SET last_record = ? WHERE id = ?");
  return ({ traceIds, identities, codes, data }) => {
    const first = counters.get("nextRecord");
    let next = first;
    const lastRecords = new Map<number, number>();
    for (let i = 0; i < traceIds.length; i++) {
      const code = labels.id(CODE, codes[i] ?? "");
      const key = keyOf(traceIds[i] ?? "");
      const { changes } = insert.run(next, key, identities[i] ?? 0, code, data[i] ?? "");
      if (Number(changes) > 0) {
        lastRecords.set(code, next);
        next++;
      }
    }
    for (const [code, record] of lastRecords) {
      used.run(record, code);
    }
    const accepted = next - first;
    if (accepted > 0) {
      counters.add("nextRecord", accepted);
      counters.add("records", accepted);
    }
    return { accepted, duplicates: traceIds.length - accepted };
  };
}
