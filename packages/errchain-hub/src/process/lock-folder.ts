import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { opening } from "./opening.js";
import { UsageError } from "./usage-error.js";

/**
 * Makes a folder, and keeps other processes from using it until this one ends,
 * however it ends. Throws a UsageError if another one has it, or it cannot be used.
 */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, "lock");
  // SQLite's locks are those of the operating system: nothing is left behind by a
  // process that was killed.
  const lock = opening(file, () => new DatabaseSync(file, { timeout: 0 }));
  try {
    opening(file, () => lock.exec("BEGIN EXCLUSIVE"));
  } catch (err) {
    lock.close();
    throw isBusy(err) ? new UsageError(`another process uses the folder ${folder}`) : err;
  }
  return () => lock.close();
}

function isBusy(err: unknown): boolean {
  const { errcode = 0 } = (err as Error).cause as { errcode?: number };
  return (errcode & 0xff) === SQLITE_BUSY;
}

/** https://sqlite.org/rescode.html */
const SQLITE_BUSY = 5;
