import { addCause, addOwnRecord, byTime, type HopNode, hopNode, sameMessage } from "./hop-node.js";
import type { HopRecord, ReportedCause } from "./hop-record.js";
import { createNodesByMessage, type NodesByMessage } from "./nodes-by-message.js";

/** What an event reports: its record, and the hops of its chain, depth first. */
export interface Chain {
  readonly record: HopRecord;
  readonly causes: readonly ReportedCause[];
  readonly nodes: readonly HopNode[];
}

/** The hops that records tell of, each once, and the chains between them. */
export interface MergedRecords {
  readonly nodes: readonly HopNode[];
  readonly chains: readonly Chain[];
}

/**
 * Finds out which records are about the same hop. Doubled records count once, and
 * their order does not matter.
 *
 * A cause is recognised by its span; where a boundary has removed that, by its
 * time; where that is missing too, by code and message. A line is matched by code
 * and message.
 */
export function mergeRecords(records: readonly HopRecord[]): MergedRecords {
  const pool: Pool = {
    byCode: new Map(),
    byKey: new Map(),
    byMessage: new Map(),
    twins: new Map(),
  };
  const chains: { record: HopRecord; causes: readonly ReportedCause[]; nodes: HopNode[] }[] = [];
  const lines: HopRecord[] = [];
  for (const record of inFixedOrder(records)) {
    if (record.kind === "line") {
      lines.push(record);
    } else {
      chains.push({ record, causes: record.causes ?? [ownCause(record)], nodes: [] });
    }
  }
  // The surest first, over all chains, so that the others find what they belong to.
  for (const identify of [bySpan, byTimeOfFailure, byMessage]) {
    for (const chain of chains) {
      const taken = new Set(chain.nodes);
      chain.causes.forEach((cause, index) => {
        if (chain.nodes[index] === undefined) {
          const node = identify(pool, cause, spanOf(chain.record, cause, index), taken);
          if (node !== undefined) {
            taken.add(node);
            chain.nodes[index] = node;
          }
        }
      });
    }
  }
  for (const { record, causes, nodes } of chains) {
    nodes.forEach((node, index) => {
      if (index === 0 && record.kind === "server") {
        addOwnRecord(node, record);
        node.events++;
      } else {
        node.chains++;
      }
      // Of the hops below its own, a record knows at least that they failed before.
      node.observedUs = Math.min(node.observedUs, record.timeUs ?? record.observedUs);
      const cause = causes[index];
      if (cause !== undefined && record.causes !== undefined) {
        addCause(node, cause);
      }
    });
  }
  addLines(pool, lines);
  return { nodes: [...pool.byCode.values()].flat(), chains };
}

/** The hops that were found so far, by what causes and lines are recognised by. */
interface Pool {
  readonly byCode: Map<string, HopNode[]>;
  readonly byKey: Map<string, HopNode>;
  /** Those of a code, and those of a code and a time: the keys are messageKey() and timeKey(). */
  readonly byMessage: Map<string, NodesByMessage>;
  /** How many hops would have the same key. */
  readonly twins: Map<string, number>;
}

function timeKey(timeUs: number, fullCode: string): string {
  return `time ${timeUs} ${fullCode}`;
}

function messageKey(fullCode: string): string {
  return `message ${fullCode}`;
}

function codeOf({ system, module, code }: ReportedCause): string {
  return module ? `${system}_${module}_${code}` : `${system}_${code}`;
}

/** The only cause that an event without a chain speaks of. */
function ownCause({ fullCode, message }: HopRecord): ReportedCause {
  const split = fullCode.indexOf("_");
  return { system: fullCode.slice(0, split), code: fullCode.slice(split + 1), message };
}

function spanOf(record: HopRecord, cause: ReportedCause, index: number): string | undefined {
  return cause.spanId ?? (index === 0 && record.kind === "server" ? record.spanId : undefined);
}

function bySpan(pool: Pool, cause: ReportedCause, span: string | undefined) {
  if (span === undefined) {
    return undefined;
  }
  // A hop answers once, but may see several callees fail.
  const time = cause.provenance === "OBSERVED" ? ` ${cause.timeUs ?? ""}` : "";
  const fullCode = codeOf(cause);
  const key = `span ${span}${time} ${fullCode}`;
  return pool.byKey.get(key) ?? addNode(pool, key, fullCode, cause);
}

function byTimeOfFailure(
  pool: Pool,
  cause: ReportedCause,
  _span: string | undefined,
  taken: ReadonlySet<HopNode>,
) {
  if (cause.timeUs === undefined) {
    return undefined;
  }
  const fullCode = codeOf(cause);
  const key = timeKey(cause.timeUs, fullCode);
  const found = pool.byMessage.get(key)?.find(cause.message, taken);
  return found ?? addNode(pool, key, fullCode, cause);
}

function byMessage(
  pool: Pool,
  cause: ReportedCause,
  _span: string | undefined,
  taken: ReadonlySet<HopNode>,
) {
  const fullCode = codeOf(cause);
  const key = messageKey(fullCode);
  const found = pool.byMessage.get(key)?.find(cause.message, taken);
  return found ?? addNode(pool, key, fullCode, cause);
}

function addNode(pool: Pool, key: string, fullCode: string, cause: ReportedCause): HopNode {
  const twins = pool.twins.get(key) ?? 0;
  pool.twins.set(key, twins + 1);
  const node = hopNode(twins > 0 ? `${key} #${twins}` : key, fullCode);
  node.message = cause.message;
  node.chainUs = cause.timeUs ?? Number.POSITIVE_INFINITY;
  pool.byKey.set(node.key, node);
  addByCode(pool, node);
  addByMessage(pool, messageKey(fullCode), node);
  if (cause.timeUs !== undefined) {
    addByMessage(pool, timeKey(cause.timeUs, fullCode), node);
  }
  return node;
}

function addByCode({ byCode }: Pool, node: HopNode): void {
  const nodes = byCode.get(node.fullCode) ?? [];
  nodes.push(node);
  byCode.set(node.fullCode, nodes);
}

function addByMessage({ byMessage }: Pool, key: string, node: HopNode): void {
  const nodes = byMessage.get(key) ?? createNodesByMessage();
  nodes.add(node);
  byMessage.set(key, nodes);
}

/**
 * A hop prints one line. Where there are several hops with the same code and
 * message, the lines are dealt out in the order of time; where there are more
 * lines than hops, the rest are repetitions.
 */
function addLines(pool: Pool, lines: readonly HopRecord[]): void {
  const groups = Map.groupBy(lines, ({ fullCode, message }) => `${fullCode}|${message}`);
  for (const group of groups.values()) {
    const [first] = group;
    if (first === undefined) continue;
    const hops = earliest(
      (pool.byCode.get(first.fullCode) ?? []).filter(
        (node) => node.provenance !== "OBSERVED" && sameMessage(node.message, first.message),
      ),
      group.length,
    );
    if (hops.length === 0) {
      const hop = hopNode(`line ${first.message}`, first.fullCode);
      addByCode(pool, hop);
      hops.push(hop);
    }
    group.sort((a, b) => lineTime(a) - lineTime(b));
    group.forEach((line, index) => {
      const hop = hops[Math.min(index, hops.length - 1)];
      if (hop !== undefined) {
        addOwnRecord(hop, line);
        hop.lines++;
      }
    });
  }
}

/** So many of the hops that failed first, in the order of time. */
function earliest(nodes: readonly HopNode[], count: number): HopNode[] {
  const first: HopNode[] = [];
  for (const node of nodes) {
    const last = first.at(-1);
    if (first.length === count && last !== undefined && byTime(last, node) <= 0) continue;
    first.splice(first.findLastIndex((other) => byTime(other, node) <= 0) + 1, 0, node);
    first.splice(count);
  }
  return first;
}

function lineTime({ timeUs, observedUs }: HopRecord): number {
  return timeUs ?? observedUs;
}

/** Doubled records once, and all in an order that depends on nothing but what they say. */
function inFixedOrder(records: readonly HopRecord[]): readonly HopRecord[] {
  if (records.length < 2) {
    return records;
  }
  const keyed = records.map((record) => ({ record, key: sortKey(record) }));
  const details = new Map<HopRecord, string>();
  const detailsOf = (record: HopRecord) => {
    const text = details.get(record) ?? sortDetails(record);
    details.set(record, text);
    return text;
  };
  // Few records have the same key; only those are compared to the last detail.
  const compare = (a: (typeof keyed)[number], b: (typeof keyed)[number]) =>
    compareTexts(a.key, b.key) || compareTexts(detailsOf(a.record), detailsOf(b.record));
  return keyed
    .sort(compare)
    .filter((item, index) => {
      const before = keyed[index - 1];
      return before === undefined || compare(before, item) !== 0;
    })
    .map(({ record }) => record);
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const RANK = { server: 0, client: 1, line: 2 };

function sortKey({ kind, causes, spanId, fullCode, timeUs, observedUs }: HopRecord): string {
  // Who knows more comes first.
  const known = String(1000 - (causes?.length ?? 0)).padStart(4, "0");
  return `${RANK[kind]} ${known} ${spanId} ${fullCode} ${timeUs} ${observedUs}`;
}

function sortDetails(record: HopRecord): string {
  const { parentSpanId = "", message, procedure = "", service = "", file = "" } = record;
  const causes = record.causes?.map((cause) =>
    Object.entries(cause).sort(([a], [b]) => compareTexts(a, b)),
  );
  return JSON.stringify([message, parentSpanId, procedure, service, file, causes]);
}
