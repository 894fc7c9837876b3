import { DOWNSTREAM, splitFullCode } from "./full-code.js";
import type { Certainty } from "./hop.js";
import type { HopRecord, ReportedCause } from "./hop-record.js";

/** A hop while the records of its trace are put together. */
export interface HopNode {
  /** The same for the same hop, in whatever order the records came. */
  readonly key: string;
  readonly fullCode: string;
  system: string;
  module: string;
  code: string;
  reason: string;
  message: string;
  status: string;
  provenance: ReportedCause["provenance"];
  procedure: string;
  spanId: string;
  service: string;
  file: string;
  /** The time of failure by the chain, by the hop's own record, and when it was read. */
  chainUs: number;
  recordUs: number;
  observedUs: number;
  lines: number;
  events: number;
  chains: number;
  elided: number;
  /** Whether a chain says that nothing of it follows from another hop's failure. */
  closed: boolean;
  parent: HopNode | undefined;
  /** A hop further up in the same tree: a short way for outermost(). */
  above: HopNode | undefined;
  link: Certainty | undefined;
  inferred: boolean;
  readonly children: HopNode[];
}

export function hopNode(key: string, fullCode: string): HopNode {
  const { system, module, code } = splitFullCode(fullCode);
  return {
    key,
    fullCode,
    system,
    module,
    code,
    reason: "",
    message: "",
    status: "",
    provenance: undefined,
    procedure: "",
    spanId: "",
    service: "",
    file: "",
    chainUs: Number.POSITIVE_INFINITY,
    recordUs: Number.POSITIVE_INFINITY,
    observedUs: Number.POSITIVE_INFINITY,
    lines: 0,
    events: 0,
    chains: 0,
    elided: 0,
    closed: false,
    parent: undefined,
    above: undefined,
    link: undefined,
    inferred: false,
    children: [],
  };
}

/** Takes over what a chain says of the hop. What is known already stays. */
export function addCause(node: HopNode, cause: ReportedCause): void {
  if (node.provenance === undefined) {
    // A full code alone does not always say where the module ends; a cause does.
    node.system = cause.system;
    node.module = cause.module ?? "";
    node.code = cause.code;
  }
  node.provenance ??= cause.provenance;
  node.reason ||= cause.reason ?? "";
  node.status ||= cause.status ?? "";
  node.procedure ||= cause.procedure ?? "";
  node.spanId ||= cause.spanId ?? "";
  node.chainUs = Math.min(node.chainUs, cause.timeUs ?? Number.POSITIVE_INFINITY);
  node.elided = Math.max(node.elided, cause.elided ?? 0);
  addMessage(node, cause.message);
}

/** Takes over what a record says of its own hop. */
export function addOwnRecord(node: HopNode, record: HopRecord): void {
  node.procedure ||= record.procedure ?? "";
  node.spanId ||= record.spanId ?? "";
  node.service ||= record.service ?? "";
  node.file ||= record.file ?? "";
  node.recordUs = Math.min(node.recordUs, record.timeUs ?? Number.POSITIVE_INFINITY);
  node.observedUs = Math.min(node.observedUs, record.observedUs);
  addMessage(node, record.message);
}

function addMessage(node: HopNode, message: string): void {
  if (node.message === "" || (isShortened(node.message) && !isShortened(message))) {
    node.message = message;
  }
}

/** Whether two records of one code can be of the same hop: chains shorten long messages. */
export function sameMessage(a: string, b: string): boolean {
  return (
    a === b ||
    a === "" ||
    b === "" ||
    (isShortened(a) && b.startsWith(a.slice(0, -1))) ||
    (isShortened(b) && a.startsWith(b.slice(0, -1)))
  );
}

/** Whether the end of a message was left out. */
export function isShortened(message: string): boolean {
  return message.endsWith("…");
}

/** When the hop failed: by its chain, else by its own record, else when that was read. */
export function timeOf({ chainUs, recordUs, observedUs }: HopNode): number {
  return Number.isFinite(chainUs) ? chainUs : Number.isFinite(recordUs) ? recordUs : observedUs;
}

/** Whether the hop itself says that another system is to blame. */
export function blamesAnother({ code, children }: HopNode): boolean {
  return code === DOWNSTREAM && children.length === 0;
}

/**
 * The outermost hop of the tree that a hop is in. Trees may be very deep, so each call
 * shortens the way.
 */
export function outermost(node: HopNode): HopNode {
  let top = node;
  while (top.above !== undefined) {
    top.above = top.above.above ?? top.above;
    top = top.above;
  }
  return top;
}

/** Puts a hop below another, unless it is below one already or would be below itself. */
export function link(parent: HopNode, child: HopNode, how: Certainty, inferred = false): boolean {
  if (child.parent !== undefined || outermost(parent) === child) {
    return false;
  }
  child.parent = parent;
  child.above = parent;
  child.link = how;
  child.inferred = inferred;
  parent.children.push(child);
  return true;
}

/** By time, the earliest first; at the same time in an order that is always the same. */
export function byTime(a: HopNode, b: HopNode): number {
  return timeOf(a) - timeOf(b) || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
}
