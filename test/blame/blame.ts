// Runs random graphs of systems with one fault each, and counts whether the answer
// at the entry names the system with the fault.

import { setTimeout } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { formatErrorChain, rootCause } from "errchain";
import { type Fault, faults, type Graph, randomGraph, seededRandom } from "./graph.ts";
import { watchStalls } from "./stalls.ts";
import { expectedStatus } from "./status.ts";
import { nameOf, startGraph } from "./systems.ts";

/** How the answer at the entry of one graph was. */
export interface Verdict {
  readonly graph: Graph;
  readonly blamed: "right" | "wrong" | "unnamed";
  readonly hung: boolean;
  readonly falseSuccess: boolean;
  readonly wrongStatus: boolean;
  /** For people, where something is not as it should be. */
  readonly answer: string;
}

/** Long enough that a busy machine does not make healthy systems look slow. */
const TIMEOUT_MS = 5_000;

/** An answer that takes longer than this after the deadline never comes. */
const GRACE_MS = 3_000;

/** So often a graph is run again that the machine has disturbed. */
const MOST_REPEATS = 5;

/**
 * Runs as many graphs as asked, each fault as often as the others. Returns how many
 * runs were repeated: where the machine stood still for longer than a healthy system
 * has time, and the answer is not as it should be, nothing can be said about it.
 */
export async function runGraphs(
  count: number,
  seed: number,
  onVerdict: (verdict: Verdict) => void,
  concurrency = 8,
): Promise<number> {
  const stalls = watchStalls();
  let next = 0;
  let repeated = 0;
  const judgeUndisturbed = async (graph: Graph): Promise<Verdict> => {
    for (let repeats = 0; ; repeats++) {
      const startedMs = performance.now();
      const verdict = await judge(graph);
      if (isGood(verdict) || repeats === MOST_REPEATS || !stalls.stalledSince(startedMs)) {
        return verdict;
      }
      repeated++;
    }
  };
  const worker = async () => {
    for (let index = next++; index < count; index = next++) {
      const fault = faults[index % faults.length] as Fault;
      const graph = randomGraph(fault, seededRandom(seed * 1_000_003 + index));
      onVerdict(await judgeUndisturbed(graph));
    }
  };
  try {
    await Promise.all(Array.from({ length: concurrency }, worker));
  } finally {
    stalls.stop();
  }
  return repeated;
}

/** Whether an answer is as it should be. */
export function isGood({ blamed, hung, falseSuccess, wrongStatus }: Verdict): boolean {
  return blamed === "right" && !hung && !falseSuccess && !wrongStatus;
}

async function judge(graph: Graph): Promise<Verdict> {
  const running = await startGraph(graph, TIMEOUT_MS);
  try {
    const late = setTimeout(TIMEOUT_MS + GRACE_MS, "hung" as const, { ref: false });
    const outcome = await Promise.race([
      running.call(TIMEOUT_MS).then(
        () => ({ reason: undefined }),
        (reason: unknown) => ({ reason }),
      ),
      late,
    ]);
    const base = { graph, hung: false, falseSuccess: false, wrongStatus: false, answer: "" };
    if (outcome === "hung") {
      return { ...base, blamed: "unnamed", hung: true };
    }
    const { reason } = outcome;
    if (reason === undefined) {
      return { ...base, blamed: "unnamed", falseSuccess: true };
    }
    const named = rootCause(reason)?.system;
    const status = ConnectError.from(reason).code;
    const expected = expectedStatus(graph) ?? Code.Unknown;
    return {
      ...base,
      blamed:
        named === undefined ? "unnamed" : named === nameOf(graph.expected) ? "right" : "wrong",
      wrongStatus: status !== expected,
      answer: `${Code[status]} (expected ${Code[expected]}) ${formatErrorChain(reason)}`,
    };
  } finally {
    running.stop();
  }
}

/** What many verdicts come to. */
export interface Summary {
  readonly table: string;
  /** `blamed N of M, hung N, false success N, wrong status N` */
  readonly line: string;
  /** Whether the bar is met: 99 % of all, all faults that answer, nothing hung or wrong. */
  readonly good: boolean;
}

/** Faults after which the faulty system, or the hop above it, cannot answer for itself. */
const silent: readonly Fault[] = ["kill", "hang", "black hole", "reset", "slow over deadline"];

export function summarize(verdicts: readonly Verdict[]): Summary {
  const count = (test: (verdict: Verdict) => boolean) => verdicts.filter(test).length;
  const rows = faults.map((fault) => {
    const of = (blamed: Verdict["blamed"]) =>
      count((v) => v.graph.fault === fault && v.blamed === blamed);
    return [fault, of("right"), of("wrong"), of("unnamed")] as const;
  });
  const format = (cells: readonly (string | number)[]) =>
    cells.map((cell, i) => (i === 0 ? String(cell).padEnd(34) : String(cell).padStart(8))).join("");
  const right = count(({ blamed }) => blamed === "right");
  const hung = count((v) => v.hung);
  const falseSuccess = count((v) => v.falseSuccess);
  const wrongStatus = count((v) => v.wrongStatus);
  const missedAnswers = count((v) => v.blamed !== "right" && !silent.includes(v.graph.fault));
  return {
    table: [["fault", "right", "wrong", "unnamed"], ...rows].map(format).join("\n"),
    line: `blamed ${right} of ${verdicts.length}, hung ${hung}, false success ${falseSuccess}, wrong status ${wrongStatus}`,
    good:
      right >= verdicts.length * 0.99 && hung + falseSuccess + wrongStatus + missedAnswers === 0,
  };
}
