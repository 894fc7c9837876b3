import { readFileSync } from "node:fs";
import { isatty } from "node:tty";
import { UsageError } from "./usage-error.js";

/** The text that a command is about: its arguments, or standard input. */
export function readInput(positionals: readonly string[], what: string): string {
  const text = positionals.length > 0 ? positionals.join(" ") : readStandardInput(what);
  if (text.trim() === "") {
    throw new UsageError(`there is no input; give ${what} as an argument or on standard input`);
  }
  return text;
}

function readStandardInput(what: string): string {
  // Not process.stdin.isTTY: looking at process.stdin makes a pipe non-blocking,
  // and then it cannot be read like a file.
  if (isatty(0)) {
    throw new UsageError(`give ${what} as an argument or on standard input`);
  }
  try {
    return readFileSync(0, "utf8");
  } catch (err) {
    throw new UsageError(`cannot read standard input: ${(err as Error).message}`);
  }
}
