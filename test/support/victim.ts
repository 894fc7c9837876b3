import { fork } from "node:child_process";
import { once } from "node:events";

/** A server process that can be killed in the middle of a call. */
export interface Victim {
  readonly url: string;
  /** Waits for the next call. */
  readonly called: () => Promise<void>;
  /** Kills the process, which has no time to say goodbye. */
  readonly kill: () => void;
}

/** Starts a server process that tells of each call and never answers. */
export async function startVictim(httpVersion: "1.1" | "2"): Promise<Victim> {
  const child = fork(new URL("./victim-process.ts", import.meta.url), [httpVersion]);
  const [{ url }] = (await once(child, "message")) as [{ url: string }];
  return {
    url,
    async called() {
      await once(child, "message");
    },
    kill() {
      child.kill("SIGKILL");
    },
  };
}
