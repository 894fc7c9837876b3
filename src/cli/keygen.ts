import { newSealingKey } from "../sealing/sealing-key.js";
import { parseArguments } from "./arguments.js";
import { UsageError } from "./usage-error.js";

const usage = `Usage: errchain keygen [--id ID] > key-file

Prints a new key for sealing. The ID travels with what the key seals, so that keys
can be changed: give it a name, or take the default, today's date.`;

/** The command `errchain keygen`. Returns the exit code. */
export function keygen(args: string[]): number {
  const { values } = parseArguments({
    args,
    options: { id: { type: "string" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  try {
    console.log(newSealingKey(values.id ?? new Date().toISOString().slice(0, 10)));
  } catch (err) {
    throw new UsageError((err as Error).message);
  }
  return 0;
}
