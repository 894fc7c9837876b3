import { readFileSync } from "node:fs";
import { check } from "./check.js";
import { decode } from "./decode.js";
import { docs } from "./docs.js";
import { keygen } from "./keygen.js";
import { open } from "./open.js";
import { UsageError } from "./usage-error.js";

const usage = `Usage: errchain COMMAND

  decode [TEXT]                       print the chain in an error as a tree
  open --key-file FILE [TEXT]         open what a boundary has sealed in an error
  keygen [--id ID]                    print a new key for sealing
  check IMAGE [--against OLD_IMAGE]   check the error codes that proto files declare
  docs IMAGE                          print the error codes as Markdown

An IMAGE is what "buf build -o image.binpb" writes, or - for one on standard input.
"errchain COMMAND --help" says more about a command, "errchain --version" which one this is.`;

const commands: Record<string, (args: string[]) => number | Promise<number>> = {
  decode,
  open,
  keygen,
  check,
  docs,
};

function version(): string {
  const file = new URL("../../package.json", import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")).version;
}

// The reader of a pipe may have seen enough; a full disk is worth a word.
process.stdout.on("error", (err: NodeJS.ErrnoException) => {
  if (err.code !== "EPIPE") {
    console.error(`errchain: cannot write the output: ${err.message}`);
  }
  process.exit(err.code === "EPIPE" ? (process.exitCode ?? 0) : 2);
});

const [name = "--help", ...args] = process.argv.slice(2);
try {
  if (name === "--help" || name === "-h") {
    console.log(usage);
  } else if (name === "--version") {
    console.log(version());
  } else if (Object.hasOwn(commands, name)) {
    process.exitCode = await commands[name]?.(args);
  } else {
    throw new UsageError(
      `there is no command ${JSON.stringify(name)}; there are: ${Object.keys(commands).join(", ")}`,
    );
  }
} catch (err) {
  if (!(err instanceof UsageError)) throw err;
  console.error(`errchain: ${err.message}`);
  process.exitCode = 2;
}
