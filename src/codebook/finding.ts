import type { CodebookCode } from "./codebook.js";
import type { Position } from "./position.js";

/** Something that is wrong with a catalog. */
export interface Finding {
  readonly rule: string;
  readonly position: Position;
  /** What is wrong, and what to do about it. */
  readonly message: string;
  /** The code that it is about, if it is about one: only then can it be ignored. */
  readonly code?: CodebookCode;
}

/** `route/v1/route.proto:12:3: message-missing: …` */
export function formatFinding({ rule, position, message }: Finding): string {
  const { file, line, column } = position;
  const place = line > 0 ? `${file}:${line}:${column}` : file;
  return `${place}: ${rule}: ${message}`;
}

/** Whether the author of a code has said that a rule does not hold for it. */
export function isIgnored({ rule, code }: Finding): boolean {
  return code?.declared?.ignore.some((ignored) => ignored.rule === rule) ?? false;
}

/** Sorted by file, line and rule. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  const key = ({ position, rule }: Finding) =>
    [
      position.file,
      String(position.line).padStart(9),
      String(position.column).padStart(9),
      rule,
    ].join("\u0000");
  return findings.toSorted((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}
