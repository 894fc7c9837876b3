import { check } from "./check.js";
import { docs } from "./docs.js";
import { UsageError } from "./usage-error.js";

const usage = `Usage: errchain COMMAND

  check IMAGE [--against OLD_IMAGE]   check the error codes that proto files declare
  docs IMAGE                          print the error codes as Markdown

An IMAGE is what "buf build -o image.binpb" writes.
"errchain COMMAND --help" says more about a command.`;

const commands: Record<string, (args: string[]) => number> = { check, docs };

const [name = "--help", ...args] = process.argv.slice(2);
try {
  if (name === "--help" || name === "-h") {
    console.log(usage);
  } else if (Object.hasOwn(commands, name)) {
    process.exitCode = commands[name]?.(args);
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
