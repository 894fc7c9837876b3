import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { UsageError } from "./usage-error.js";

/**
 * Makes a folder, and keeps other processes from using it until this one ends,
 * however it ends. Throws a UsageError that says so if another one has it.
 */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // SQLite's locks are those of the operating system: nothing is left behind by a
  // process that was killed.
  const lock = new DatabaseSync(join(folder, "lock"), { timeout: 0 });
  try {
    lock.exec("BEGIN EXCLUSIVE");
  } catch {
    lock.close();
    throw new UsageError(`another process uses the folder ${folder}`);
  }
  return () => lock.close();
}
