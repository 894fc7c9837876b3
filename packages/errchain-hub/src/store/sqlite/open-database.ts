import { DatabaseSync } from "node:sqlite";
import { opening } from "../../process/opening.js";
import { prepareDatabase } from "./schema.js";

/** Opens the database file for the writer, or for one of the readers. An error names it. */
export function openDatabase(file: string, use: "write" | "read"): DatabaseSync {
  return opening(file, () => open(file, use));
}

function open(file: string, use: "write" | "read"): DatabaseSync {
  const db = new DatabaseSync(file, { readOnly: use === "read", timeout: 5_000 });
  // In WAL mode, NORMAL survives the end of the process at any moment; an
  // outage of the machine may take the last moments. https://sqlite.org/wal.html
  db.exec("PRAGMA synchronous = NORMAL");
  db.exec(`PRAGMA cache_size = -${CACHE_KIB}`);
  if (use === "write") {
    db.exec("PRAGMA journal_size_limit = 67108864");
    prepareDatabase(db);
  }
  return db;
}

const CACHE_KIB = 64 * 1024;
