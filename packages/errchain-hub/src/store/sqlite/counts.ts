import type { DatabaseSync } from "node:sqlite";
import type { Role } from "../store.js";
import { ALL, CODE, type LabelKind, type Labels, SYSTEM } from "./labels.js";

export const ROLES: Record<Role, number> = { root: 1, surfaced: 2, any: 3 };

/** What a trace adds to the counts; kept with it, so that it can be taken back. */
export interface Counted {
  /** The minute of the first failure, since 1970. */
  readonly minute: number;
  readonly root: number;
  readonly surfaced: number;
  /** The codes of all hops; one that occurs twice is in it twice. */
  readonly any: readonly number[];
  /** Pairs of codes: above, below. */
  readonly links: readonly (readonly [number, number])[];
  /** Whether its records are as many as are linked: later ones change nothing. */
  readonly isFull?: boolean;
}

/** Collects changes of the counts, and writes each count once. */
export interface Counts {
  add(counted: Counted, sign: 1 | -1): void;
  /** Writes what was collected, within a transaction of the caller. */
  flush(): void;
  /** Drops what was collected. */
  forget(): void;
}

export function createCounts(db: DatabaseSync, labels: Labels): Counts {
  const counts = new Map<string, number>();
  const links = new Map<string, number>();
  const upsert = (table: string) =>
    db.prepare(
      `INSERT INTO ${table} (role, kind, at, label, n) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET n = n + excluded.n`,
    );
  const addMinute = upsert("minute_count");
  const addHour = upsert("hour_count");
  const addLink = db.prepare(
    `INSERT INTO link_count (above, below, at, n) VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET n = n + excluded.n`,
  );

  const count = (role: Role, kind: LabelKind, minute: number, label: number, change: number) => {
    const key = `${ROLES[role]},${kind},${minute},${label}`;
    counts.set(key, (counts.get(key) ?? 0) + change);
  };
  const countCode = (role: Role, minute: number, code: number, change: number) => {
    count(role, ALL, minute, 0, change);
    count(role, CODE, minute, code, change);
    const system = labels.code(code)?.system ?? "";
    count(role, SYSTEM, minute, labels.id(SYSTEM, system), change);
  };

  return {
    add({ minute, root, surfaced, any, links: pairs }, sign) {
      countCode("root", minute, root, sign);
      countCode("surfaced", minute, surfaced, sign);
      for (const code of any) {
        countCode("any", minute, code, sign);
      }
      const hour = Math.floor(minute / 60);
      for (const [above, below] of pairs) {
        const key = `${above},${below},${hour}`;
        links.set(key, (links.get(key) ?? 0) + sign);
      }
    },
    flush() {
      const hours = new Map<string, number>();
      for (const [key, change] of counts) {
        if (change === 0) continue;
        const [role = 0, kind = 0, minute = 0, label = 0] = key.split(",").map(Number);
        addMinute.run(role, kind, minute, label, change);
        const hourKey = `${role},${kind},${Math.floor(minute / 60)},${label}`;
        hours.set(hourKey, (hours.get(hourKey) ?? 0) + change);
      }
      for (const [key, change] of hours) {
        if (change === 0) continue;
        const [role = 0, kind = 0, hour = 0, label = 0] = key.split(",").map(Number);
        addHour.run(role, kind, hour, label, change);
      }
      for (const [key, change] of links) {
        if (change === 0) continue;
        const [above = 0, below = 0, hour = 0] = key.split(",").map(Number);
        addLink.run(above, below, hour, change);
      }
      this.forget();
    },
    forget() {
      counts.clear();
      links.clear();
    },
  };
}
