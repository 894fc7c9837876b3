import { UsageError } from "../process/usage-error.js";
import { agent } from "./agent.js";
import { serve } from "./serve.js";
import { trace } from "./trace.js";

const commands: Record<string, (args: string[]) => Promise<number>> = { agent, serve, trace };

process.stdout.on("error", (err: NodeJS.ErrnoException) => {
  // The reader of a pipe may have seen enough.
  if (err.code !== "EPIPE") {
    console.error(`errchain-hub: cannot write the output: ${err.message}`);
  }
});

const [first = "", ...rest] = process.argv.slice(2);
try {
  if (Object.hasOwn(commands, first)) {
    process.exitCode = await commands[first]?.(rest);
  } else if (first === "" || first.startsWith("-")) {
    process.exitCode = await serve(process.argv.slice(2));
  } else {
    const known = Object.keys(commands).join(", ");
    throw new UsageError(`there is no command ${JSON.stringify(first)}; there are: ${known}`);
  }
} catch (err) {
  if (!(err instanceof UsageError)) throw err;
  console.error(`errchain-hub: ${err.message}`);
  process.exitCode = 2;
}
