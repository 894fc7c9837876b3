import { readFileSync } from "node:fs";
import { isatty } from "node:tty";
import { readText } from "./read-text.js";
import { UsageError } from "./usage-error.js";

/** The text that a command is about: its arguments, or standard input. */
export function readInput(positionals: readonly string[], what: string): string {
  const text =
    positionals.length > 0
      ? positionals.join(" ")
      : readText(readStandardInput(`${what} as an argument or on standard input`));
  if (text.trim() === "") {
    throw new UsageError(`there is no input; give ${what} as an argument or on standard input`);
  }
  return text;
}

/** The bytes of standard input. Throws a UsageError that says what to give if it is a terminal. */
export function readStandardInput(what: string): Uint8Array {
  // Not process.stdin.isTTY: looking at process.stdin makes a pipe non-blocking,
  // and then it cannot be read like a file.
  if (isatty(0)) {
    throw new UsageError(`give ${what}`);
  }
  try {
    return readFileSync(0);
  } catch (err) {
    throw new UsageError(`cannot read standard input: ${(err as Error).message}`);
  }
}
