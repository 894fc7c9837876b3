import type { ReportedCause } from "./hop-record.js";

/** How a link, or the first fault, is known. */
export type Certainty = "reported-chain" | "span-tree" | "time-order";

/** One failed hop of a trace, put together from all records that tell of it. */
export interface Hop {
  readonly fullCode: string;
  readonly system: string;
  readonly module: string;
  readonly code: string;
  readonly reason: string;
  readonly message: string;
  readonly status: string;
  readonly provenance: ReportedCause["provenance"];
  readonly procedure: string;
  readonly spanId: string;
  /** Microseconds since 1970. */
  readonly timeUs: number;
  /** Whether `timeUs` is only the time when the record was read. */
  readonly timeIsObserved: boolean;
  /** The index of the hop that this one caused to fail; -1 for the first. */
  readonly parent: number;
  readonly depth: number;
  /** How the link to the parent is known; undefined for the first. */
  readonly link: Certainty | undefined;
  readonly inferred: boolean;
  readonly elided: number;
  /** How many records told of it. */
  readonly sources: { readonly lines: number; readonly events: number; readonly chains: number };
  readonly service: string;
  readonly file: string;
}

/** All failed hops of one trace as one tree. */
export interface TraceLink {
  /** Depth first: the first is nearest to the user. Never empty. */
  readonly hops: readonly Hop[];
  /** The index of the first fault. */
  readonly firstFault: number;
  readonly certainty: Certainty;
  /** What to know before trusting it; sentences. */
  readonly caveats: readonly string[];
}
