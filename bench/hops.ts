import { type ChildProcess, fork } from "node:child_process";
import type { Protocol } from "./connect.ts";
import type { Command, Reply } from "./hop-process.ts";
import { ownCpuUs } from "./load.ts";
import type { Path, Place } from "./result.ts";
import type { HopNumber, RunningHop, Variant } from "./variant.ts";

/** Where hops run. Those of all variants that are compared are up at the same time. */
export interface Hosts {
  /** Starts the three hops of a variant, and gives the URL of the first. */
  readonly start: (variant: Variant) => Promise<string>;
  /** CPU time so far of this process and of those of the hops, in microseconds. */
  readonly cpuUs: () => Promise<number>;
  readonly close: () => void;
}

export function startHosts(place: Place, path: Path, protocol: Protocol): Hosts {
  return place === "one process" ? hostInThisProcess() : hostInProcesses(path, protocol);
}

function hostInThisProcess(): Hosts {
  const running: RunningHop[] = [];
  return {
    start: (variant) =>
      startFromLast(async (hop, next) => {
        const started = await variant.startHop(hop, next);
        running.push(started);
        return started.url;
      }),
    cpuUs: async () => ownCpuUs(),
    close() {
      for (const hop of running) {
        hop.close();
      }
    },
  };
}

/** Each hop has a process, for all variants: they meet the same compiled code, as in one process. */
function hostInProcesses(path: Path, protocol: Protocol): Hosts {
  const hosts = { 1: startProcess(), 2: startProcess(), 3: startProcess() };
  return {
    start: ({ name }) =>
      startFromLast((hop, next) =>
        hosts[hop].ask({ what: "start", path, protocol, name, hop, next }),
      ),
    async cpuUs() {
      const times = Object.values(hosts).map((host) => host.ask({ what: "cpu" }));
      return (await Promise.all(times)).reduce((sum, time) => sum + Number(time), ownCpuUs());
    },
    close() {
      for (const { child } of Object.values(hosts)) {
        child.kill();
      }
    },
  };
}

/** A hop needs the URL of the next one. */
async function startFromLast(
  start: (hop: HopNumber, next: string | undefined) => Promise<string>,
): Promise<string> {
  const third = await start(3, undefined);
  const second = await start(2, third);
  return start(1, second);
}

interface HostProcess {
  readonly child: ChildProcess;
  readonly ask: (command: Command) => Promise<string>;
}

function startProcess(): HostProcess {
  const child = fork(new URL("hop-process.ts", import.meta.url));
  // Answers come in the order of the questions.
  const waiting: PromiseWithResolvers<string>[] = [];
  child.on("message", ({ answer, problem }: Reply) => {
    const asked = waiting.shift();
    if (problem === undefined) {
      asked?.resolve(answer);
    } else {
      asked?.reject(new Error(problem));
    }
  });
  child.on("exit", (code) => {
    for (const asked of waiting.splice(0)) {
      asked.reject(new Error(`the process of a hop ended with exit code ${code}`));
    }
  });
  const ask = (command: Command) => {
    const asked = Promise.withResolvers<string>();
    waiting.push(asked);
    child.send(command);
    return asked.promise;
  };
  return { child, ask };
}
