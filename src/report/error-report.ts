import type { Cause, ErrorChain } from "../../gen/errchain/v1/error_chain_pb.js";

/** One failed request, as the hop that answered it saw it. */
export interface ErrorReport {
  /** The hop's own cause, `chain.causes[0]`. */
  readonly cause: Cause;
  /** The whole chain, also where the caller sees less of it. */
  readonly chain: ErrorChain;
  /** The trace ID as 32 hex digits. */
  readonly traceId: string;
  /** What was thrown in this process. */
  readonly reason: unknown;
  /**
   * What could not be sent as it was: `"message"` where the error's message was
   * shortened, the type name of a detail that was left out. Usually empty.
   */
  readonly truncated: readonly string[];
  /**
   * What the functions given as options have thrown while the answer was made: a
   * translation rule, `relay`, `exposure`. The answer was made without them.
   */
  readonly problems: readonly unknown[];
}

/** Takes the report of a failed request. Whatever it throws is ignored. */
export type ErrorSink = (report: ErrorReport) => unknown;
