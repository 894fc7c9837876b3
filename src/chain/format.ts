import { type Cause, type ErrorChain, Provenance } from "../../gen/errchain/v1/error_chain_pb.js";
import { errorChain } from "./error-chain.js";
import { escapeChar, escapeControls } from "./escape.js";
import { fullCode } from "./full-code.js";
import { rootOfChain } from "./root-cause.js";
import { textOf } from "./thrown.js";
import { type CauseNode, causeTree } from "./tree.js";

export interface FormatOptions {
  /**
   * `"line"`: all causes on one line, nearest first. `"tree"`: a line for each
   * cause, with who wrote it where that was not the system itself, what was left
   * out, and the root cause marked. Default: `"line"`.
   */
  readonly style?: "line" | "tree";
}

/**
 * The chain as text for people. Takes any thrown value, or a chain; a value
 * without a chain gives its own text. Control characters are escaped.
 */
export function formatErrorChain(errorOrChain: unknown, options?: FormatOptions): string {
  const chain = errorChain(errorOrChain);
  const tree = chain && causeTree(chain);
  if (chain === undefined || tree === undefined) {
    return escapeControls(textOf(errorOrChain));
  }
  return options?.style === "tree" ? formatTree(tree, chain) : formatLine(tree);
}

/**
 * The beginning of the line of a chain, of as many characters as are asked for and
 * perhaps some more. What comes behind costs nothing, however long the chain is.
 */
export function formatBeginning(chain: ErrorChain, length: number): string {
  const tree = causeTree(chain);
  return tree ? formatLine(tree, length) : "";
}

function formatLine(tree: CauseNode, length = Number.POSITIVE_INFINITY): string {
  let line = "";
  // A stack instead of recursion: a chain from a peer may be deep. The next is last.
  const rest: (CauseNode | string)[] = [tree];
  for (let next = rest.pop(); next !== undefined && line.length < length; next = rest.pop()) {
    if (typeof next === "string") {
      line += next;
      continue;
    }
    const { cause, children } = next;
    // A message must not look like a link of the chain.
    line += sentence(cause, length).replaceAll("←", escapeChar);
    if (cause.elided > 0) {
      line += ` ← ${elided(cause)}`;
    }
    const [only] = children;
    if (children.length === 1 && only !== undefined) {
      rest.push(only, " ← ");
    } else {
      for (let index = children.length - 1; index >= 0; index--) {
        rest.push(")", children[index] as CauseNode, index === 0 ? " ← (" : " + (");
      }
    }
  }
  return line;
}

function formatTree(tree: CauseNode, chain: ErrorChain): string {
  const root = rootOfChain(chain);
  const lines: string[] = [];
  const visit = (node: CauseNode, first: string, indent: string) => {
    const { cause, children } = node;
    const notes = notesOn(cause);
    if (cause === root) {
      notes.push("root cause");
    }
    const suffix = notes.length > 0 ? `  [${notes.join(", ")}]` : "";
    lines.push(`${first}${sentence(cause)}${suffix}`);
    if (cause.elided > 0) {
      lines.push(`${indent}${children.length > 0 ? "├─ " : "└─ "}${elided(cause)}`);
    }
    for (const [index, child] of children.entries()) {
      const last = index === children.length - 1;
      visit(child, `${indent}${last ? "└─ " : "├─ "}`, `${indent}${last ? "   " : "│  "}`);
    }
  };
  visit(tree, "", "");
  return lines.join("\n");
}

function sentence(cause: Cause, length?: number): string {
  const message = cause.message.slice(0, length);
  return escapeControls(message === "" ? fullCode(cause) : `${fullCode(cause)} ${message}`);
}

function elided(cause: Cause): string {
  return `… ${cause.elided} ${cause.elided === 1 ? "cause" : "causes"} left out …`;
}

function notesOn(cause: Cause): string[] {
  const notes: string[] = [];
  if (cause.provenance === Provenance.FILLED_IN) {
    notes.push("filled in");
  }
  if (cause.provenance === Provenance.OBSERVED) {
    notes.push("observed by the caller");
  }
  if (cause.inferred) {
    notes.push("inferred");
  }
  return notes;
}
