import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { PickedLine } from "../line/pick-line.js";

/** How far a file was read. */
export interface Checkpoint {
  /** Tells this content of the file from others: a rotated or truncated file begins anew. */
  readonly generation: string;
  readonly device: number;
  readonly inode: number;
  /** Where the file was last seen. */
  readonly path: string;
  readonly offset: number;
  /** The hash of the first bytes of the file, and of how many. */
  readonly fingerprint: string;
  readonly fingerprintLength: number;
  /** The last bytes before `offset`; undefined if an older version has written this. */
  readonly tail?: Tail;
  /** Whether `offset` is within a line that is too long, the rest of which is of no interest. */
  readonly isInLongLine: boolean;
}

/** The last bytes that were read of a file. */
export interface Tail {
  /** Where they end. An older version that reads on copies them, but moves its offset. */
  readonly offset: number;
  readonly hash: string;
}

/** A line that waits for the hub. */
export interface BufferedLine {
  readonly id: number;
  /** The same whenever this place of this file is read. */
  readonly uid: string;
  readonly path: string;
  readonly observedUs: number;
  readonly line: PickedLine;
}

/** What was read and is not yet acknowledged, on disk. */
export interface LineBuffer {
  /** Keeps lines and how far their file was read, both or neither. */
  add(checkpoint: Checkpoint, lines: readonly Omit<BufferedLine, "id">[]): void;
  /** The oldest lines with an ID above this one. */
  after(id: number, limit: number): BufferedLine[];
  /** Forgets lines that are acknowledged, up to an ID. */
  removeUpTo(id: number): void;
  checkpoints(): Checkpoint[];
  removeCheckpoint(generation: string): void;
  /** How many bytes it takes on disk; 0 if no line waits, however many files were read. */
  readonly bytes: number;
  close(): void;
}

export function openLineBuffer(folder: string): LineBuffer {
  const db = new DatabaseSync(join(folder, "agent.sqlite"));
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
  db.exec(`
    CREATE TABLE IF NOT EXISTS line (
      id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT, path TEXT, observed_us INTEGER, line TEXT
    ) STRICT;
    CREATE TABLE IF NOT EXISTS checkpoint (generation TEXT PRIMARY KEY, data TEXT) STRICT;
  `);
  const addLine = db.prepare("INSERT INTO line (uid, path, observed_us, line) VALUES (?, ?, ?, ?)");
  const setCheckpoint = db.prepare(
    "INSERT INTO checkpoint VALUES (?, ?) ON CONFLICT DO UPDATE SET data = excluded.data",
  );
  const selectAfter = db.prepare("SELECT * FROM line WHERE id > ? ORDER BY id LIMIT ?");
  const remove = db.prepare("DELETE FROM line WHERE id <= ?");
  const size = db.prepare(
    `SELECT (page_count - freelist_count) * page_size * EXISTS (SELECT 1 FROM line) AS bytes
     FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()`,
  );
  return {
    add(checkpoint, lines) {
      db.exec("BEGIN IMMEDIATE");
      try {
        for (const { uid, path, observedUs, line } of lines) {
          addLine.run(uid, path, observedUs, JSON.stringify(line));
        }
        setCheckpoint.run(checkpoint.generation, JSON.stringify(checkpoint));
        db.exec("COMMIT");
      } catch (err) {
        if (db.isTransaction) db.exec("ROLLBACK");
        throw err;
      }
    },
    after: (id, limit) =>
      selectAfter.all(id, limit).map((row) => ({
        id: Number(row["id"]),
        uid: String(row["uid"]),
        path: String(row["path"]),
        observedUs: Number(row["observed_us"]),
        line: JSON.parse(String(row["line"])) as PickedLine,
      })),
    removeUpTo: (id) => void remove.run(id),
    checkpoints: () =>
      db
        .prepare("SELECT data FROM checkpoint")
        .all()
        .map(({ data }) => JSON.parse(String(data)) as Checkpoint),
    removeCheckpoint: (generation) =>
      void db.prepare("DELETE FROM checkpoint WHERE generation = ?").run(generation),
    get bytes() {
      return (size.get() as { bytes: number }).bytes;
    },
    close: () => db.close(),
  };
}
