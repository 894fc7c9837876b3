// The work without a network, in a process of its own: nothing else has been compiled
// there, and collections are in the hands of the measurement. micro-process.ts is it.

import { fork } from "node:child_process";
import type { Effort } from "./network.ts";
import type { Section } from "./result.ts";

export type MicroKind = "pass" | "chain";

export interface MicroCommand {
  readonly kind: MicroKind;
  readonly effort: Effort;
}

export type MicroReply =
  | { readonly progress: string }
  | { readonly section: Section }
  | { readonly problem: string };

/** Measures what calls, or chains, cost without a network. */
export function measureMicro(
  command: MicroCommand,
  progress: (what: string) => void,
): Promise<Section> {
  const child = fork(new URL("micro-process.ts", import.meta.url), {
    execArgv: ["--expose-gc", "--min-semi-space-size=16"],
  });
  return new Promise((resolve, reject) => {
    child.on("message", (reply: MicroReply) => {
      if ("progress" in reply) {
        progress(reply.progress);
      } else if ("section" in reply) {
        resolve(reply.section);
      } else {
        reject(new Error(reply.problem));
      }
    });
    child.on("exit", (code) => reject(new Error(`the process ended with exit code ${code}`)));
    child.send(command);
  });
}
