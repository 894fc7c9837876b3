import { firstFaultOf } from "./first-fault.js";
import { DOWNSTREAM } from "./full-code.js";
import type { Certainty, Hop, TraceLink } from "./hop.js";
import { byTime, type HopNode, link, outermost, timeOf } from "./hop-node.js";
import type { HopRecord } from "./hop-record.js";
import { joinByTime } from "./join-by-time.js";
import { type Chain, type MergedRecords, mergeRecords } from "./merge-records.js";

/**
 * Puts all records of one trace together: one tree of failed hops, with the first
 * fault named.
 *
 * The order of the records does not matter, nor do doubled ones. What links two
 * hops is, in this order: a chain in which one names the other; spans; the time
 * of failure. Undefined where there is no record.
 */
export function linkTrace(records: readonly HopRecord[]): TraceLink | undefined {
  const merged = mergeRecords(records);
  linkByChains(merged.chains);
  linkBySpans(merged);
  const top = joinByTime(merged.nodes.filter((node) => node.parent === undefined).sort(byTime));
  if (top === undefined) {
    return undefined;
  }
  const nodes = depthFirst(top);
  const fault = firstFaultOf(nodes);
  const certainty = certaintyOf(fault, nodes.length);
  return {
    hops: hopsOf(nodes),
    firstFault: nodes.indexOf(fault),
    certainty,
    caveats: caveatsOn(nodes, fault),
  };
}

/** An edge of a chain. Where causes were left out of the chain, others may stand between. */
interface Edge {
  readonly parent: HopNode;
  readonly child: HopNode;
  readonly inferred: boolean;
  readonly elided: boolean;
}

function linkByChains(chains: readonly Chain[]): void {
  const edges = chains.flatMap(edgesOf);
  const parents = new Set(edges.map(({ parent }) => parent));
  for (const { causes, nodes } of chains) {
    nodes.forEach((node, index) => {
      const provenance = causes[index]?.provenance;
      const isLeaf = !parents.has(node) && !causes[index]?.elided;
      const speaksForItself = provenance === "RAISED" || provenance === "FILLED_IN";
      node.closed ||= isLeaf && speaksForItself && node.code !== DOWNSTREAM;
    });
  }
  const declared = (edge: Edge) => (edge.inferred ? 1 : 0);
  const direct = edges.filter(({ elided }) => !elided).sort((a, b) => declared(a) - declared(b));
  for (const { parent, child, inferred } of direct) {
    link(parent, child, "reported-chain", inferred);
  }
  for (const { parent, child, inferred } of edges.filter(({ elided }) => elided)) {
    link(parent, outermost(child), "reported-chain", inferred);
  }
  countElided(edges);
}

/** The edges of the tree that a chain stands for, see `Cause.branches`. */
function edgesOf({ causes, nodes }: Chain): Edge[] {
  const edges: Edge[] = [];
  const open: { index: number; missing: number }[] = [];
  causes.forEach((cause, index) => {
    while (open.at(-1)?.missing === 0) {
      open.pop();
    }
    // A cause that nobody announced belongs to the one before it.
    const above = open.at(-1);
    const parentIndex = above?.index ?? index - 1;
    if (above !== undefined) {
      above.missing--;
    }
    const parent = nodes[parentIndex];
    const child = nodes[index];
    if (parent !== undefined && child !== undefined && parent !== child) {
      const elided = (causes[parentIndex]?.elided ?? 0) > 0;
      edges.push({ parent, child, inferred: cause.inferred ?? false, elided });
    }
    open.push({ index, missing: cause.branches ?? 0 });
  });
  return edges;
}

/** Causes that one chain leaves out may be known from another. */
function countElided(edges: readonly Edge[]): void {
  const found = new Map<HopNode, number>();
  for (const { parent, child, elided } of edges) {
    if (!elided) continue;
    let between = 0;
    let node = child.parent;
    for (; node !== undefined && node !== parent; node = node.parent) {
      between++;
    }
    if (node === parent) {
      found.set(parent, Math.max(found.get(parent) ?? 0, between));
    }
  }
  for (const [node, between] of found) {
    node.elided = Math.max(0, node.elided - between);
  }
}

/**
 * A caller's event is recorded in the caller's span: it links the callee to the
 * caller's own hop. An event may also name the span that called it.
 */
function linkBySpans({ nodes, chains }: MergedRecords): void {
  const bySpan = new Map<string, HopNode>();
  for (const node of [...nodes].sort(byTime)) {
    if (node.spanId !== "" && node.provenance !== "OBSERVED" && !bySpan.has(node.spanId)) {
      bySpan.set(node.spanId, node);
    }
  }
  for (const { record, nodes: named } of chains) {
    const caller = bySpan.get(
      (record.kind === "client" ? record.spanId : record.parentSpanId) ?? "",
    );
    const [callee] = named;
    if (caller !== undefined && callee !== undefined) {
      link(caller, outermost(callee), "span-tree");
    }
  }
}

/** The tree in depth-first pre-order; what failed first comes first. */
function depthFirst(top: HopNode): HopNode[] {
  const nodes: HopNode[] = [];
  const stack = [top];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    nodes.push(node);
    node.children.sort(byTime);
    stack.push(...node.children.toReversed());
  }
  return nodes;
}

function hopsOf(nodes: readonly HopNode[]): Hop[] {
  const indexes = new Map(nodes.map((node, index) => [node, index]));
  const hops: Hop[] = [];
  for (const node of nodes) {
    const parent = node.parent === undefined ? -1 : (indexes.get(node.parent) ?? -1);
    const { fullCode, system, module, code, reason, message, status, provenance } = node;
    const { procedure, spanId, inferred, elided, lines, events, chains, service, file } = node;
    hops.push({
      ...{ fullCode, system, module, code, reason, message, status, provenance },
      ...{ procedure, spanId, inferred, elided, service, file },
      timeUs: timeOf(node),
      timeIsObserved: !Number.isFinite(node.chainUs) && !Number.isFinite(node.recordUs),
      parent,
      depth: parent === -1 ? 0 : (hops[parent]?.depth ?? 0) + 1,
      link: node.link,
      sources: { lines, events, chains },
    });
  }
  return hops;
}

const WEAKNESS: Record<Certainty, number> = {
  "reported-chain": 0,
  "span-tree": 1,
  "time-order": 2,
};

/** The weakest link between the outermost hop and the first fault. */
function certaintyOf(fault: HopNode, hopCount: number): Certainty {
  if (hopCount === 1) {
    return fault.closed ? "reported-chain" : "time-order";
  }
  let weakest: Certainty = "reported-chain";
  for (let node = fault; node.parent !== undefined; node = node.parent) {
    if (node.link !== undefined && WEAKNESS[node.link] > WEAKNESS[weakest]) {
      weakest = node.link;
    }
  }
  return weakest;
}

function caveatsOn(nodes: readonly HopNode[], fault: HopNode): string[] {
  const caveats: string[] = [];
  const elided = nodes.reduce((sum, node) => sum + node.elided, 0);
  const byTimeOnly = nodes.filter(({ link }) => link === "time-order").length;
  if (fault.code === DOWNSTREAM) {
    caveats.push(
      `${fault.system} says that a system it needs has failed, but no record says which.`,
    );
  }
  if (fault.provenance === "OBSERVED") {
    const by = fault.parent === undefined ? "its caller" : fault.parent.system;
    caveats.push(`${fault.system} itself has not reported: this is what ${by} saw of it.`);
  }
  if (nodes.length === 1 && !fault.closed) {
    caveats.push("Only one hop has reported; there may be others below it.");
  }
  if (byTimeOnly > 0) {
    const hops = byTimeOnly === 1 ? "1 hop is" : `${byTimeOnly} hops are`;
    caveats.push(`${hops} linked by the time of failure alone; clocks may differ.`);
  }
  if (elided > 0) {
    caveats.push(`${elided === 1 ? "1 cause was" : `${elided} causes were`} left out of a chain.`);
  }
  return caveats;
}
