import { type ParseArgsConfig, parseArgs } from "node:util";
import { UsageError } from "./usage-error.js";

/** parseArgs() of Node.js, with its complaints as a UsageError. */
export function parseArguments<T extends ParseArgsConfig>(config: T) {
  try {
    return parseArgs(config);
  } catch (err) {
    throw err instanceof TypeError ? new UsageError(err.message.split(". ")[0]) : err;
  }
}
