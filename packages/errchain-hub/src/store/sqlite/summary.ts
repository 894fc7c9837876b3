import type { Certainty } from "../../trace/hop.js";
import type { ReportedCause } from "../../trace/hop-record.js";
import type { StoredCode, StoredTrace } from "../store.js";

/** What is stored of a trace for lists, as JSON. */
export interface Summary {
  readonly root: string;
  readonly surfaced: string;
  readonly certainty: Certainty;
  readonly hops: number;
  readonly systems: readonly string[];
  readonly provenance?: NonNullable<ReportedCause["provenance"]>;
}

const NO_CODE: StoredCode = { fullCode: "", system: "", module: "", code: "" };

export function storedTrace(
  traceId: string,
  firstUs: number,
  lastUs: number,
  {
    root = NO_CODE,
    surfaced = NO_CODE,
  }: {
    root?: StoredCode | undefined;
    surfaced?: StoredCode | undefined;
  },
  summary: Summary,
): StoredTrace {
  return {
    traceId,
    firstUs,
    lastUs,
    root,
    surfaced,
    rootMessage: summary.root,
    rootProvenance: summary.provenance,
    surfacedMessage: summary.surfaced,
    certainty: summary.certainty,
    hopCount: summary.hops,
    systems: summary.systems,
  };
}
