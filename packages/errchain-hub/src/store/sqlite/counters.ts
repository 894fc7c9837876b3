import type { DatabaseSync } from "node:sqlite";

/** Numbers that are kept with the data, so that nobody has to count millions of rows. */
export interface Counters {
  get(name: CounterName): number;
  /** To be called within a transaction. */
  add(name: CounterName, change: number): void;
  /** Reads the numbers again: a transaction was rolled back. */
  reload(): void;
}

/**
 * `records`, `traces`: how many are stored. `nextRecord`: the ID of the next
 * record; never reused, since `digested`, the ID of the last record that is in
 * counts and searches, tells the new ones from the old. `minutesFrom`: from which
 * minute since 1970 on failures are counted by the minute; a whole hour.
 */
export type CounterName = "records" | "traces" | "nextRecord" | "digested" | "minutesFrom";

export function createCounters(db: DatabaseSync): Counters {
  const values = new Map<string, number>();
  const read = db.prepare("SELECT name, value FROM meta");
  const write = db.prepare(
    "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
  );
  const reload = () => {
    values.clear();
    for (const { name, value } of read.all() as { name: string; value: number }[]) {
      values.set(name, value);
    }
  };
  reload();
  return {
    get: (name) => values.get(name) ?? (name === "nextRecord" ? 1 : 0),
    add(name, change) {
      const value = this.get(name) + change;
      values.set(name, value);
      write.run(name, value);
    },
    reload,
  };
}
