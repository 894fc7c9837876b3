import type { Store } from "../store/store.js";
import type { TraceLink } from "../trace/hop.js";
import { linkTrace } from "../trace/link-trace.js";
import { normalTraceId, traceIdsIn } from "../trace/trace-ids.js";

export interface FoundTrace {
  readonly traceId: string;
  readonly link: TraceLink;
}

/** A text may hold many numbers; the likeliest come first. So many take a tenth of a second. */
const MAX_TRIED = 500;

/** The first trace that the store has of those a text may speak of. */
export async function findTrace(store: Store, text: string): Promise<FoundTrace | undefined> {
  // An opaque ID may look like anything, so the whole text comes first.
  const tried = new Set([normalTraceId(text.trim()), ...traceIdsIn(text)]);
  for (const traceId of [...tried].slice(0, MAX_TRIED)) {
    const { records, more } = await store.recordsOf(traceId);
    const link = linkTrace(records);
    if (link !== undefined) {
      const caveat = `There are more records; the first ${records.length} are shown.`;
      return { traceId, link: more ? { ...link, caveats: [...link.caveats, caveat] } : link };
    }
  }
  return undefined;
}
