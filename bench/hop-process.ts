// A process in which one hop of every variant runs. hops.ts starts it.

import type { Protocol } from "./connect.ts";
import { ownCpuUs } from "./load.ts";
import type { Path } from "./result.ts";
import type { HopNumber } from "./variant.ts";
import { variantsOf } from "./variants.ts";

export type Command =
  | { readonly what: "cpu" }
  | {
      readonly what: "start";
      readonly path: Path;
      readonly protocol: Protocol;
      readonly name: string;
      readonly hop: HopNumber;
      readonly next: string | undefined;
    };

export interface Reply {
  /** The URL of the hop that was started, or the CPU time in microseconds. */
  readonly answer: string;
  readonly problem?: string;
}

async function obey(command: Command): Promise<string> {
  if (command.what === "cpu") {
    return String(ownCpuUs());
  }
  const { path, protocol, name, hop, next } = command;
  const variant = variantsOf(path, protocol).find((other) => other.name === name);
  if (variant === undefined) {
    throw new Error(`there is no variant ${name}`);
  }
  return (await variant.startHop(hop, next)).url;
}

let last = Promise.resolve();

process.on("message", (command: Command) => {
  last = last.then(async () => {
    const reply: Reply = await obey(command).then(
      (answer) => ({ answer }),
      (err) => ({ answer: "", problem: String(err) }),
    );
    process.send?.(reply);
  });
});
process.on("disconnect", () => process.exit());
