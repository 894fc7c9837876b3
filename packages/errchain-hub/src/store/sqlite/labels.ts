import type { DatabaseSync } from "node:sqlite";
import { splitFullCode } from "../../trace/full-code.js";
import type { StoredCode } from "../store.js";

/** What a label stands for. */
export const ALL = 0;
export const SYSTEM = 1;
export const CODE = 2;
export type LabelKind = typeof ALL | typeof SYSTEM | typeof CODE;

/** The dictionary of codes and systems, for the writer: makes the labels that are missing. */
export interface Labels {
  /** The ID of a label. What a chain says of a code's parts counts more than a guess. */
  id(kind: LabelKind, text: string, parts?: StoredCode): number;
  /** The code of an ID; undefined if there is none. */
  code(id: number): StoredCode | undefined;
  /** Forgets what it remembers: a transaction was rolled back, or labels were deleted. */
  forget(): void;
}

/** So many labels are remembered; a sender may make up a million codes. */
const REMEMBERED = 50_000;

export function createLabels(db: DatabaseSync): Labels {
  const ids = new Map<string, number>();
  const codes = new Map<number, StoredCode>();
  const find = db.prepare("SELECT id FROM label WHERE text = ? AND kind = ?");
  const add = db.prepare(
    "INSERT INTO label (kind, text, system, module, code) VALUES (?, ?, ?, ?, ?)",
  );
  const correct = db.prepare("UPDATE label SET module = ?, code = ? WHERE id = ?");
  const read = db.prepare("SELECT text, system, module, code FROM label WHERE id = ?");

  function idOf(kind: LabelKind, text: string): number {
    const key = `${kind}${text}`;
    const known = ids.get(key);
    if (known !== undefined) {
      return known;
    }
    let id = (find.get(text, kind) as { id: number } | undefined)?.id;
    if (id === undefined) {
      const { system, module, code } =
        kind === CODE ? splitFullCode(text) : { system: text, module: "", code: "" };
      id = Number(add.run(kind, text, system, module, code).lastInsertRowid);
    }
    if (ids.size >= REMEMBERED) {
      ids.clear();
    }
    ids.set(key, id);
    return id;
  }

  return {
    id(kind, text, parts) {
      const id = idOf(kind, text);
      // The guess finds a module where it can, so other parts can only come from a chain,
      // and there is one other way to read a code: without a module.
      if (parts?.module === "" && this.code(id)?.module !== "") {
        correct.run("", parts.code, id);
        codes.delete(id);
      }
      return id;
    },
    code(id) {
      let code = codes.get(id);
      if (code === undefined) {
        const row = read.get(id) as Record<string, string> | undefined;
        if (row !== undefined) {
          code = storedCode(row);
          if (codes.size >= REMEMBERED) {
            codes.clear();
          }
          codes.set(id, code);
        }
      }
      return code;
    },
    forget() {
      ids.clear();
      codes.clear();
    },
  };
}

/** The code in a row with the columns of `label`. */
export function storedCode(row: Record<string, unknown>): StoredCode {
  return {
    fullCode: String(row["text"]),
    system: String(row["system"]),
    module: String(row["module"]),
    code: String(row["code"]),
  };
}
