// Which status the entry of a graph must answer with, worked out apart from the library.

import { Code } from "@connectrpc/connect";
import type { Fault, Graph, Node } from "./graph.ts";

/** What the callers of a faulty system see. */
const statusOfFault: Record<Fault, Code> = {
  "defined error": Code.FailedPrecondition,
  bug: Code.Internal,
  kill: Code.Unavailable,
  hang: Code.DeadlineExceeded,
  "black hole": Code.DeadlineExceeded,
  reset: Code.Unavailable,
  "HTML answer": Code.Unavailable,
  "slow over deadline": Code.DeadlineExceeded,
  "oversize error": Code.FailedPrecondition,
  "garbage details": Code.NotFound,
  "forgotten cause": Code.FailedPrecondition,
  "hop without the library, fails": Code.NotFound,
  "hop without the library, relays": Code.FailedPrecondition,
  "hop without the library, drops": Code.NotFound,
};

/** The status of a node's answer; undefined where it succeeds. */
export function expectedStatus(graph: Graph, node = 0): Code | undefined {
  if (node === graph.faulty) {
    return statusOfFault[graph.fault];
  }
  if (node === graph.source) {
    return Code.FailedPrecondition;
  }
  const { calls, style } = graph.nodes[node] as Node;
  const below = calls.map(({ to }) => expectedStatus(graph, to)).find((code) => code !== undefined);
  if (below === undefined) {
    return undefined;
  }
  switch (style) {
    case "own error":
    case "translate":
      return Code.FailedPrecondition;
    case "forget":
      return node % 2 === 0 ? Code.FailedPrecondition : Code.Internal;
    default:
      return staysTrue.includes(below) ? below : Code.Internal;
  }
}

/** What is as true of the caller's request as of ours, see "Relay" in the model. */
const staysTrue = [Code.Unavailable, Code.DeadlineExceeded, Code.ResourceExhausted, Code.Aborted];
