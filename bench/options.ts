import { accessSync, constants } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import type { Effort } from "./network.ts";

export interface BenchOptions {
  /** Where the results go as JSON. */
  readonly json: string | undefined;
  /** Words that the names of the parts to run contain. */
  readonly only: readonly string[];
  /** Whether to leave out the parts in which all hops are in one process. */
  readonly onlyProcesses: boolean;
  readonly quick: boolean;
  readonly effort: Effort;
}

const DEFAULT_ROUNDS = 90;

export const usage = `usage: npm run bench -- [--json FILE] [--only NAME] [--processes] [--rounds N] [--quick]

Measures what errchain costs, next to other ways to do the same, and says which of
its promises hold. Takes more than an hour and wants the machine for itself.

  --json FILE   write everything that was measured to a file as well
  --only NAME   only the parts whose names contain all these words, such as
                "micro", "sizes", "failure gRPC" or "success http/2 one process"
  --processes   of the calls over the network only those between processes
  --rounds N    how often each row runs forwards and backwards (default ${DEFAULT_ROUNDS});
                without a network a third as often, three times as long
  --quick       a few short rounds: shows that everything works, measures little
  --help        print this`;

/** The command line cannot be understood. The message says why. */
export class BadArguments extends Error {}

export function parseOptions(args: readonly string[]): BenchOptions | "help" {
  const values = parse(args);
  if (values.help) {
    return "help";
  }
  const quick = values.quick ?? false;
  const rounds = Number(values.rounds ?? (quick ? 3 : DEFAULT_ROUNDS));
  if (!Number.isSafeInteger(rounds) || rounds < 1) {
    throw new BadArguments(`--rounds must be a whole number from 1, not "${values.rounds}"`);
  }
  if (values.json !== undefined) {
    checkFolder(values.json);
  }
  return {
    json: values.json,
    only: (values.only ?? "")
      .toLowerCase()
      .split(/[\s,]+/)
      .filter(Boolean),
    onlyProcesses: values.processes ?? false,
    quick,
    effort: quick ? { rounds, sliceMs: 30, warmUpMs: 60 } : { rounds, sliceMs: 50, warmUpMs: 6000 },
  };
}

/** A run takes long, and should not end in a file that cannot be written. */
function checkFolder(file: string): void {
  try {
    accessSync(dirname(file), constants.W_OK);
  } catch (problem) {
    throw new BadArguments(`--json ${file}: ${(problem as Error).message}`);
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        json: { type: "string" },
        only: { type: "string" },
        processes: { type: "boolean" },
        rounds: { type: "string" },
        quick: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (problem) {
    throw new BadArguments((problem as Error).message);
  }
}
