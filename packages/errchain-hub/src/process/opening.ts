import { UsageError } from "./usage-error.js";

/** Opens a database file. Throws a UsageError that names the file, with SQLite's own as its cause. */
export function opening<T>(file: string, open: () => T): T {
  try {
    return open();
  } catch (err) {
    const message = err instanceof Error ? err.message : String(err);
    throw new UsageError(`cannot open ${file}: ${message}`, { cause: err });
  }
}
