import type { Certainty, Hop, TraceLink } from "./hop.js";
import type { ReportedCause } from "./hop-record.js";

/** What the sentence about a trace is made of. */
export interface FirstFault {
  readonly system: string;
  readonly module: string;
  readonly message: string;
  readonly provenance: ReportedCause["provenance"];
  readonly certainty: Certainty;
  readonly hopCount: number;
}

/** One sentence that names the failing system. */
export function sentence(fault: FirstFault): string {
  const { system, module, message, provenance, certainty, hopCount } = fault;
  const name = module === "" ? system : `${system} (module ${module})`;
  const guess = certainty === "time-order" && hopCount > 1 ? "probably " : "";
  const seen = provenance === "OBSERVED" ? ", as its caller saw it" : "";
  const what = message === "" ? "" : `: ${printable(message)}`;
  return `${name} ${guess}failed first${seen}${what}`;
}

/** How sure it is, in words. */
const CERTAINTY_WORDS: Record<Certainty, string> = {
  "reported-chain": "reported chain (the systems said so themselves)",
  "span-tree": "span tree (deduced from spans)",
  "time-order": "time order only (a guess)",
};

/** What a code means, where a catalog says so. */
export interface Explanation {
  readonly meaning: string;
  readonly remedy: string;
  readonly owner: string;
}

/** A trace as plain text, for terminals and chat. */
export function traceText(
  traceId: string,
  link: TraceLink,
  explain: (hop: Hop) => Explanation | undefined,
): string {
  const { hops, firstFault, certainty, caveats } = link;
  const fault = hops[firstFault];
  if (fault === undefined) {
    return "";
  }
  const lines = [
    `Trace ${printable(traceId)}`,
    `${sentence({ ...fault, certainty, hopCount: hops.length })}`,
    `How sure: ${CERTAINTY_WORDS[certainty]}`,
    ...caveats.map((caveat) => `Note: ${caveat}`),
  ];
  const { meaning = "", remedy = "", owner = "" } = explain(fault) ?? {};
  for (const [name, text] of [
    ["Meaning", meaning],
    ["Remedy", remedy],
    ["Owner", owner],
  ] as const) {
    if (text !== "") {
      lines.push(`${name}: ${printable(text.replaceAll(/\s*\n\s*/g, " "))}`);
    }
  }
  lines.push("", ...treeLines(hops, firstFault));
  return `${lines.join("\n")}\n`;
}

/** Very deep trees are drawn flat from here on: the lines would grow too long. */
const MAX_DRAWN_DEPTH = 50;

function treeLines(hops: readonly Hop[], firstFault: number): string[] {
  const lastChild = new Map<number, number>();
  hops.forEach(({ parent }, index) => {
    lastChild.set(parent, index);
  });
  const indents: string[] = [];
  return hops.map((hop, index) => {
    const isLast = lastChild.get(hop.parent) === index;
    const depth = Math.min(hop.depth, MAX_DRAWN_DEPTH);
    const above = depth === 0 ? "" : (indents[depth - 1] ?? "");
    indents[depth] = depth === 0 ? "" : `${above}${isLast ? "   " : "│  "}`;
    const branch = depth === 0 ? "" : isLast ? "└─ " : "├─ ";
    const notes = notesOn(hop, index === firstFault);
    const suffix = notes.length > 0 ? `  [${notes.join(", ")}]` : "";
    return `${above}${branch}${hop.fullCode} ${printable(hop.message)}${suffix}`;
  });
}

function notesOn(hop: Hop, isFirstFault: boolean): string[] {
  const notes: string[] = [];
  if (hop.provenance === "FILLED_IN") notes.push("filled in");
  if (hop.provenance === "OBSERVED") notes.push("observed by the caller");
  if (hop.inferred) notes.push("inferred");
  if (hop.link === "span-tree") notes.push("linked by spans");
  if (hop.link === "time-order") notes.push("linked by time");
  if (hop.elided > 0) notes.push(`${hop.elided} left out below`);
  if (isFirstFault) notes.push("first fault");
  return notes;
}

/**
 * A text from outside on one line: without characters that steer a terminal or
 * turn text around ("Trojan Source", CVE-2021-42574).
 */
function printable(text: string): string {
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
    /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
