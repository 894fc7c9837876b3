import { parentPort, workerData } from "node:worker_threads";
import type { AppendResult } from "../store.js";
import { createAppend, type RecordColumns } from "./append.js";
import { answerCalls, isDiskFull } from "./calls.js";
import { createCounters } from "./counters.js";
import { createCounts } from "./counts.js";
import { createDigest } from "./digest.js";
import { createLabels } from "./labels.js";
import { openDatabase } from "./open-database.js";
import { createRetention, type RetentionOptions } from "./retention.js";

// The thread that alone writes. What is to be stored goes before all else; many
// appends share one transaction. In between it digests, and deletes what is old.

/** What the thread is started with. */
export interface WriterData {
  readonly file: string;
  readonly retention: RetentionOptions;
}

/** So many records are digested in one transaction: a tenth of a second or less. */
const DIGEST_PIECE = 2000;
/** New records wait so long for others of their trace, which come at the same time. */
const DIGEST_DELAY_MS = 200;
/** From so many undigested records on, as much is digested as is appended. */
const DIGEST_LAG = 1_000_000;
const RETENTION_INTERVAL_MS = 5_000;
const RETRY_MS = 1_000;

interface Waiting {
  readonly columns: RecordColumns;
  readonly resolve: (result: AppendResult) => void;
  readonly reject: (reason: unknown) => void;
}

if (parentPort === null) {
  throw new Error("this file is the writer's thread");
}
const port = parentPort;
const { file, retention } = workerData as WriterData;
const db = openDatabase(file, "write");
const labels = createLabels(db);
const counters = createCounters(db);
const counts = createCounts(db, labels);
const append = createAppend(db, labels, counters);
const digest = createDigest(db, labels, counters, counts);
const expire = createRetention(db, labels, counters, retention);

const pages = db.prepare(
  "SELECT freelist_count AS free, page_count AS total FROM pragma_freelist_count, pragma_page_count",
);

const waiting: Waiting[] = [];
const settling: { upTo: number; resolve: () => void }[] = [];
let scheduled: NodeJS.Immediate | undefined;
let timer: NodeJS.Timeout | undefined;
/** By performance.now(): a clock that nobody sets. */
let digestAt = 0;
let expireAt = 0;
/** How much has been appended that the digest has to catch up with first. */
let debt = 0;
/** Retention takes turns with all else, so that a busy hub does not fill the disk. */
let expiredLast = false;
let watched = false;

const undigested = () => counters.get("nextRecord") - 1 - counters.get("digested");

function transaction<T>(work: () => T): T {
  db.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    db.exec("COMMIT");
    return result;
  } catch (err) {
    if (db.isTransaction) {
      db.exec("ROLLBACK");
    }
    labels.forget();
    counts.forget();
    counters.reload();
    throw err;
  }
}

/** Does the next piece of work, then lets messages in. */
function work(): void {
  scheduled = undefined;
  const now = performance.now();
  const nowUs = Date.now() * 1000;
  const lag = undigested();
  const digestNow = lag > 0 && (now >= digestAt || settling.length > 0 || lag > DIGEST_PIECE);
  try {
    if (now >= expireAt && !expiredLast) {
      expiredLast = true;
      expireAt = transaction(() => expire(nowUs)) ? now : now + RETENTION_INTERVAL_MS;
      shrink();
      scheduleNext();
      return;
    }
    expiredLast = false;
    if (waiting.length > 0 && !(debt > 0 && lag > DIGEST_LAG)) {
      debt += appendWaiting();
    } else if (digestNow) {
      debt = lag > DIGEST_LAG ? Math.max(0, debt - DIGEST_PIECE) : 0;
      const changes = transaction(() => digest(DIGEST_PIECE, nowUs));
      if (watched) {
        port.postMessage({ event: "changes", value: changes });
      }
    }
  } catch (err) {
    // Digest and retention try again: what they did not finish is still there.
    debt = 0; // appends must not wait for a digest that cannot be done
    digestAt = performance.now() + RETRY_MS;
    expireAt = Math.max(expireAt, digestAt);
    tellProblem(err);
    timer ??= setTimeout(wake, RETRY_MS);
    return;
  }
  for (const { upTo, resolve } of settling.splice(0)) {
    if (counters.get("digested") >= upTo) {
      resolve();
    } else {
      settling.push({ upTo, resolve });
    }
  }
  scheduleNext();
}

function tellProblem(err: unknown, more = ""): void {
  const message = (err instanceof Error ? err.message : String(err)) + more;
  port.postMessage({ event: "problem", value: { message, isFull: isDiskFull(err) } });
}

/** Gives room back to the disk, a piece at a time, where much of the file is empty. */
function shrink(): void {
  const { free, total } = pages.get() as { free: number; total: number };
  if (free * 4 > total) {
    db.exec("PRAGMA incremental_vacuum(2000)");
  }
}

/** Gives how many records were stored. */
function appendWaiting(): number {
  const group = waiting.splice(0);
  if (undigested() === 0) {
    digestAt = performance.now() + DIGEST_DELAY_MS;
  }
  try {
    const results = transaction(() => group.map(({ columns }) => append(columns)));
    group.forEach(({ resolve }, index) => {
      resolve(results[index] ?? { accepted: 0, duplicates: 0 });
    });
    return results.reduce((sum, { accepted }) => sum + accepted, 0);
  } catch (err) {
    for (const { reject } of group) {
      reject(err);
    }
    return 0;
  }
}

function wake(): void {
  clearTimeout(timer);
  timer = undefined;
  scheduled ??= setImmediate(work);
}

function scheduleNext(): void {
  const now = performance.now();
  const lag = undigested();
  if (waiting.length > 0 || lag > DIGEST_PIECE || (lag > 0 && settling.length > 0)) {
    wake();
    return;
  }
  const next = lag > 0 ? Math.min(digestAt, expireAt) : expireAt;
  clearTimeout(timer);
  timer = setTimeout(wake, Math.max(0, next - now));
}

answerCalls(port, {
  append: (columns: RecordColumns) =>
    new Promise<AppendResult>((resolve, reject) => {
      waiting.push({ columns, resolve, reject });
      wake();
    }),
  settled: () =>
    new Promise<void>((resolve) => {
      settling.push({ upTo: counters.get("nextRecord") - 1, resolve });
      wake();
    }),
  watch: (on: boolean) => {
    watched = on;
  },
  counts: () => ({
    records: counters.get("records"),
    traces: counters.get("traces"),
    undigested: undigested(),
  }),
  close: () => {
    clearTimeout(timer);
    clearImmediate(scheduled);
    if (waiting.length > 0) {
      appendWaiting();
    }
    try {
      db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch (err) {
      tellProblem(err, "; the next start goes on with the journal");
    }
    db.close();
    setImmediate(() => port.close());
  },
});
scheduleNext();
port.postMessage({ event: "ready", value: undefined });
