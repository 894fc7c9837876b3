import { parentPort, workerData } from "node:worker_threads";
import { pickerOf, pickLine } from "../line/pick-line.js";
import { logProblem } from "../process/log-problem.js";
import { type AgentOptions, runAgent } from "./agent.js";

// The agent within the hub: a thread of its own, since reading and buffering block.
// It sends like every other agent.

export interface AgentThreadData
  extends Pick<AgentOptions, "files" | "folder" | "maxBufferBytes" | "hub" | "token"> {
  readonly pattern: string | undefined;
}

const stop = new AbortController();
parentPort?.once("message", () => stop.abort());

const { pattern, ...options } = workerData as AgentThreadData;
await runAgent({
  ...options,
  pick: pattern === undefined ? pickLine : pickerOf(pattern),
  signal: stop.signal,
  onProblem: (message) => logProblem(`agent: ${message}`),
});
