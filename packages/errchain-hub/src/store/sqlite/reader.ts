import { parentPort, workerData } from "node:worker_threads";
import type { CodeQuery, TopQuery, TraceQuery, TrendQuery } from "../store.js";
import { answerCalls } from "./calls.js";
import { openDatabase } from "./open-database.js";
import { codeDetails, topCodes, trend } from "./overview.js";
import { recordsOf, searchTraces } from "./search.js";

// A thread that only reads. In WAL mode it never waits for the writer.

if (parentPort === null) {
  throw new Error("this file is a reader's thread");
}
const port = parentPort;
const db = openDatabase((workerData as { file: string }).file, "read");

answerCalls(port, {
  recordsOf: (traceId: string) => recordsOf(db, traceId),
  searchTraces: (query: TraceQuery) => searchTraces(db, query),
  topCodes: (query: TopQuery) => topCodes(db, query),
  trend: (query: TrendQuery) => trend(db, query),
  code: (query: CodeQuery) => codeDetails(db, query),
  oldestTrace: () => {
    const row = db.prepare("SELECT first_us FROM trace ORDER BY id LIMIT 1").get();
    return Number(row?.["first_us"] ?? 0);
  },
  close: () => {
    db.close();
    setImmediate(() => port.close());
  },
});
