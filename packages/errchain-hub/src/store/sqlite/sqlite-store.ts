import { mkdirSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { encodeRecord } from "../record-codec.js";
import {
  type AppendResult,
  type NewRecord,
  type Store,
  StoreBusyError,
  type TraceChange,
} from "../store.js";
import type { RecordColumns } from "./append.js";
import { type Caller, createCaller } from "./calls.js";
import type { RetentionOptions } from "./retention.js";
import type { WriterData } from "./writer.js";

export interface SqliteStoreOptions {
  /** Made if it is missing. */
  readonly folder: string;
  readonly retention: RetentionOptions;
  /** How many threads read. Default: 2. */
  readonly readers?: number;
  /** Is told when the writer cannot do its work, once a second at most. */
  readonly onProblem?: (message: string) => void;
}

/** From so many records on that wait for the writer, more are turned away. */
const MAX_WAITING = 50_000;

/**
 * Opens the store of a folder: one SQLite file, written by one thread and read by
 * others, since node:sqlite blocks the thread that it runs in.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { folder, retention, readers: readerCount = 2, onProblem = () => {} } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, "hub.sqlite");
  const listeners = new Set<(changes: readonly TraceChange[]) => void>();

  const ready = Promise.withResolvers<void>();
  const writerThread = new Worker(new URL("./writer.js", import.meta.url), {
    workerData: { file, retention } satisfies WriterData,
  });
  const writer = createCaller(writerThread, (event, value) => {
    if (event === "ready") {
      ready.resolve();
    } else if (event === "problem") {
      onProblem((value as { message: string }).message);
    } else if (event === "changes") {
      for (const listener of listeners) {
        listener(value as TraceChange[]);
      }
    }
  });
  const broken = Promise.withResolvers<Error>();
  writerThread.once("error", (err: Error) => {
    ready.reject(err);
    broken.resolve(err);
  });
  await ready.promise;
  const readers = Array.from({ length: readerCount }, () => {
    const thread = new Worker(new URL("./reader.js", import.meta.url), { workerData: { file } });
    thread.once("error", (err: Error) => broken.resolve(err));
    return createCaller(thread);
  });
  const leastBusy = (): Caller => readers.reduce((a, b) => (b.pending < a.pending ? b : a));
  const read =
    <Q, R>(method: string) =>
    (query: Q) =>
      leastBusy().call<R>(method, query);

  let waiting = 0;
  return {
    async append(records) {
      if (waiting > 0 && waiting + records.length > MAX_WAITING) {
        throw new StoreBusyError("too many records are waiting to be stored");
      }
      if (records.length === 0) {
        return { accepted: 0, duplicates: 0 };
      }
      waiting += records.length;
      try {
        const columns = columnsOf(records);
        return await writer.call<AppendResult>("append", columns, [
          columns.identities.buffer as ArrayBuffer,
        ]);
      } finally {
        waiting -= records.length;
      }
    },
    recordsOf: read("recordsOf"),
    searchTraces: read("searchTraces"),
    topCodes: read("topCodes"),
    trend: read("trend"),
    code: read("code"),
    async stats() {
      const [counts, oldestTraceUs, storedBytes] = await Promise.all([
        writer.call<{ records: number; traces: number; undigested: number }>("counts"),
        leastBusy().call<number>("oldestTrace"),
        sizeOf(file),
      ]);
      return {
        traceCount: counts.traces,
        recordCount: counts.records,
        oldestTraceUs,
        storedBytes,
        undigestedCount: counts.undigested,
      };
    },
    watch(listener) {
      listeners.add(listener);
      void writer.call("watch", true).catch(() => {});
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) {
          void writer.call("watch", false).catch(() => {});
        }
      };
    },
    broken: broken.promise,
    settled: () => writer.call("settled"),
    async close() {
      await Promise.all(readers.map((reader) => reader.call("close")));
      await writer.call("close");
    },
  };
}

function columnsOf(records: readonly NewRecord[]): RecordColumns {
  return {
    traceIds: records.map(({ record }) => record.traceId),
    identities: Float64Array.from(records, ({ identity }) => identity),
    codes: records.map(({ record }) => record.fullCode),
    data: records.map(({ record }) => encodeRecord(record)),
  };
}

async function sizeOf(file: string): Promise<number> {
  const sizes = ["", "-wal"].map(async (suffix) => (await stat(`${file}${suffix}`)).size);
  return (await Promise.allSettled(sizes)).reduce(
    (sum, size) => sum + (size.status === "fulfilled" ? size.value : 0),
    0,
  );
}
