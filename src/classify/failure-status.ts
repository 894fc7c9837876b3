/** What the failure of a system that is no RPC service means for a request. */
export type FailureStatus =
  /** It cannot be reached, was lost on the way, or is starting or stopping. */
  | "UNAVAILABLE"
  /** It has no connection, memory, space or quota left. */
  | "RESOURCE_EXHAUSTED"
  /** Other work got in the way; the same again may succeed. */
  | "ABORTED"
  | "DEADLINE_EXCEEDED"
  /** All else, such as a statement or command that it refuses. */
  | "INTERNAL";

/**
 * One sentence for people who do not know the system: the same for all codes with
 * the same status, since what the system itself says is for engineers.
 *
 * @param system `"the database"`
 */
export function sentenceFor(system: string, status: FailureStatus): string {
  switch (status) {
    case "UNAVAILABLE":
      return `${system} could not be reached, or is not ready`;
    case "RESOURCE_EXHAUSTED":
      return `${system} has reached a limit`;
    case "ABORTED":
      return `${system} gave up because other work got in the way`;
    case "DEADLINE_EXCEEDED":
      return `${system} did not finish in time`;
    case "INTERNAL":
      return `${system} could not do what it was asked`;
  }
}
