import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import {
  Certainty,
  type CodeInfoSchema,
  type CodeRefSchema,
  type HopSchema,
  Provenance,
  type TraceSchema,
  type TraceSummarySchema,
} from "../../gen/errchain/hub/v1/hub_pb.js";
import type { Catalog } from "../catalog/catalog.js";
import type { StoredTrace } from "../store/store.js";
import { storableUs } from "../store/time.js";
import { sentence, traceText } from "../trace/describe.js";
import type { CodeParts } from "../trace/full-code.js";
import type { Certainty as CertaintyName, Hop, TraceLink } from "../trace/hop.js";
import type { ReportedCause } from "../trace/hop-record.js";

// From the hub's own types to those of the API.

type Init<T> = T extends Parameters<typeof create>[0] ? MessageInitShape<T> : never;

export function timestamp(us: number): Timestamp {
  const seconds = Math.floor(us / 1_000_000);
  const nanos = Math.round(us - seconds * 1_000_000) * 1000;
  return create(TimestampSchema, { seconds: BigInt(seconds), nanos });
}

/** A timestamp of the API, in microseconds since 1970. */
export function microseconds({ seconds, nanos }: Timestamp): number {
  return storableUs(Number(seconds) * 1_000_000 + Math.floor(nanos / 1000));
}

export function codeRef({ fullCode, system, module, code }: CodeParts): Init<typeof CodeRefSchema> {
  return { fullCode, system, module, code };
}

export function codeInfo(
  code: CodeParts,
  catalog: Catalog,
): { info?: Init<typeof CodeInfoSchema> } {
  const declared = catalog.find(code);
  return declared ? { info: { ...declared, owner: catalog.ownerOf(code) } } : {};
}

const CERTAINTIES: Record<CertaintyName, Certainty> = {
  "reported-chain": Certainty.REPORTED_CHAIN,
  "span-tree": Certainty.SPAN_TREE,
  "time-order": Certainty.TIME_ORDER,
};

const PROVENANCES: Record<NonNullable<ReportedCause["provenance"]>, Provenance> = {
  RAISED: Provenance.RAISED,
  FILLED_IN: Provenance.FILLED_IN,
  OBSERVED: Provenance.OBSERVED,
};

export function traceSummary(
  trace: StoredTrace,
  catalog: Catalog,
): Init<typeof TraceSummarySchema> {
  const { traceId, root, rootMessage, rootProvenance, certainty, hopCount, systems } = trace;
  return {
    traceId,
    firstFailureAt: timestamp(trace.firstUs),
    lastFailureAt: timestamp(trace.lastUs),
    root: codeRef(root),
    rootMessage,
    surfaced: codeRef(trace.surfaced),
    surfacedMessage: trace.surfacedMessage,
    certainty: CERTAINTIES[certainty],
    hopCount,
    systems: [...systems],
    sentence: sentence({
      system: root.system,
      module: root.module,
      message: rootMessage,
      provenance: rootProvenance,
      certainty,
      hopCount,
    }),
    owner: catalog.ownerOf(root),
  };
}

/** A whole trace, from its link. */
export function traceMessage(
  traceId: string,
  link: TraceLink,
  catalog: Catalog,
): Init<typeof TraceSchema> {
  const { hops, firstFault, certainty, caveats } = link;
  const [surfaced] = hops;
  const root = hops[firstFault];
  if (surfaced === undefined || root === undefined) {
    return {};
  }
  const times = hops.map(({ timeUs }) => timeUs);
  const stored: StoredTrace = {
    traceId,
    firstUs: times.reduce((a, b) => Math.min(a, b)),
    lastUs: times.reduce((a, b) => Math.max(a, b)),
    root,
    surfaced,
    rootMessage: root.message,
    rootProvenance: root.provenance,
    surfacedMessage: surfaced.message,
    certainty,
    hopCount: hops.length,
    systems: [...new Set(hops.map(({ system }) => system))],
  };
  return {
    summary: traceSummary(stored, catalog),
    hops: hops.map((hop) => hopMessage(hop, catalog)),
    firstFault,
    text: plainText(traceId, link, catalog),
    caveats: [...caveats],
  };
}

export function plainText(traceId: string, link: TraceLink, catalog: Catalog): string {
  return traceText(traceId, link, (hop) => {
    const { meaning = "", remedy = "" } = catalog.find(hop) ?? {};
    return { meaning, remedy, owner: catalog.ownerOf(hop) };
  });
}

function hopMessage(hop: Hop, catalog: Catalog): Init<typeof HopSchema> {
  const { message, procedure, spanId, timeIsObserved, parent, depth } = hop;
  const { inferred, elided, sources, service, file } = hop;
  const declared = catalog.find(hop);
  return {
    code: codeRef(hop),
    reason: hop.reason || (declared?.reason ?? ""),
    status: hop.status || (declared?.status ?? ""),
    provenance: hop.provenance ? PROVENANCES[hop.provenance] : Provenance.UNSPECIFIED,
    occurredAt: timestamp(hop.timeUs),
    link: hop.link ? CERTAINTIES[hop.link] : Certainty.UNSPECIFIED,
    ...{ message, procedure, spanId, timeIsObserved, parent, depth },
    ...{ inferred, elided, sources, service, file },
    ...codeInfo(hop, catalog),
  };
}
