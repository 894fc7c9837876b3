import { create, toBinary } from "@bufbuild/protobuf";
import {
  type Cause,
  CauseSchema,
  type ErrorChain,
  ErrorChainSchema,
  type Retry,
  RetryAdvice,
  RetrySchema,
} from "../../gen/errchain/v1/error_chain_pb.js";
import { largestThat } from "./largest.js";
import { MAX_CAUSES } from "./limits.js";
import { dropUnknownFields } from "./read.js";
import { rootOfChain } from "./root-cause.js";
import { addElided, type CauseNode, causeTree, flattenTree } from "./tree.js";
import { truncateUtf8, utf8Length } from "./utf8.js";
import { varintBytes } from "./wire-cursor.js";

/** Texts longer than this are cut before any cause is dropped: a system's name is worth more. */
export const OUTSIZED_BYTES = 512;

/** The longest system, module or code that the model allows. */
export const MAX_IDENTITY_BYTES = 63;

/**
 * The same chain in at most `maxBytes` encoded bytes and MAX_CAUSES causes.
 *
 * What goes first: the sealed part, unknown fields and the excess of outsized
 * texts; causes from the middle (the cause above says so in `elided`); then all texts are cut to
 * the longest common length that fits; and last, roots of a fan-out other than
 * the root cause. The nearest cause and the root cause stay, and of each cause
 * that stays, system, module, code and status. Where these two do not fit, only
 * the nearest stays, and where that does not fit, none.
 *
 * That a cause which is left out says "do not retry", or that its hop has retried
 * already, is noted on the cause above it: whoever retries must not miss it.
 */
export function boundChain(chain: ErrorChain, maxBytes: number): ErrorChain {
  if (chain.causes.length <= MAX_CAUSES && encodedSize(chain) <= maxBytes) {
    return chain;
  }
  const trimmed = create(ErrorChainSchema, {
    traceId: chain.traceId,
    causes: chain.causes.map((cause) => cutTexts(copyOf(cause), OUTSIZED_BYTES)),
  });
  dropUnknownFields(trimmed);
  const root = rootOfChain(trimmed);
  const tree = causeTree(trimmed);
  if (root === undefined || tree === undefined) {
    return create(ErrorChainSchema);
  }
  const build = (textBytes: number) => {
    const causes = flattenTree(tree).map((cause) => cutTexts(cause, textBytes));
    return create(ErrorChainSchema, { traceId: trimmed.traceId, causes });
  };
  const sizes = new Map<number, Map<CauseNode, SizedCause>>();
  const fits = (textBytes: number) => {
    const known = sizes.get(textBytes) ?? new Map();
    sizes.set(textBytes, known);
    return sizeOfTree(tree, trimmed.traceId, textBytes, known) <= maxBytes;
  };
  const tooMany = () => flattenTree(tree).length > MAX_CAUSES;

  while (tooMany() && (dropMiddle(tree) || dropLastLeaf(tree, root)));
  while (!fits(OUTSIZED_BYTES) && dropMiddle(tree));
  if (fits(OUTSIZED_BYTES)) {
    return build(OUTSIZED_BYTES);
  }
  while (!fits(0) && dropLastLeaf(tree, root));
  if (!fits(0)) {
    const [, ...dropped] = flattenTree(tree);
    addElided(tree.cause, dropped.length);
    for (const cause of dropped) {
      addRetry(tree.cause, cause.retry);
    }
    tree.children.length = 0;
  }
  return fits(0) ? build(largestThat(fits, 0, OUTSIZED_BYTES)) : create(ErrorChainSchema);
}

/** A copy to change. clone() throws where a peer's text holds half of a surrogate pair. */
function copyOf(cause: Cause): Cause {
  const { retry, occurredAt } = cause;
  const copy: Cause = { ...cause, ...(occurredAt && { occurredAt: { ...occurredAt } }) };
  if (retry !== undefined) {
    copy.retry = { ...retry, ...(retry.delay && { delay: { ...retry.delay } }) };
  }
  return copy;
}

function encodedSize(chain: ErrorChain): number {
  return toBinary(ErrorChainSchema, chain).length;
}

/** How large a cause was when it was last encoded, and what may have changed since. */
interface SizedCause {
  readonly branches: number;
  readonly elided: number;
  readonly retry: Retry | undefined;
  readonly bytes: number;
}

/**
 * How many bytes the causes of a tree take with their texts cut. While causes are left
 * out one by one, most of the others stay as they are, and are not encoded again.
 */
function sizeOfTree(
  tree: CauseNode,
  traceId: Uint8Array,
  textBytes: number,
  known: Map<CauseNode, SizedCause>,
): number {
  let total = traceId.length > 0 ? fieldSize(traceId.length) : 0;
  for (const node of nodesOf(tree)) {
    const { cause, children } = node;
    const { elided, retry } = cause;
    const branches = children.length;
    let size = known.get(node);
    if (size?.branches !== branches || size.elided !== elided || size.retry !== retry) {
      const cut = { ...cutTexts(cause, textBytes), branches };
      size = { branches, elided, retry, bytes: toBinary(CauseSchema, cut).length };
      known.set(node, size);
    }
    total += fieldSize(size.bytes);
  }
  return total;
}

/** The size of a field with a length, of a number below 16. */
export function fieldSize(length: number): number {
  return 1 + varintBytes(length) + length;
}

function* nodesOf(node: CauseNode): Iterable<CauseNode> {
  const stack = [node];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    yield next;
    stack.push(...next.children);
  }
}

/**
 * A copy of a cause in which no text is longer than `maxBytes`. Sentences and
 * values are cut; what is useless when cut (names, links) is left out. At 0 only the identity, the kind and the place in the tree remain.
 */
function cutTexts(cause: Cause, maxBytes: number): Cause {
  const whole = (text: string) => (utf8Length(text) <= maxBytes ? text : "");
  const values = (args: Record<string, string>) =>
    Object.fromEntries(
      Object.entries(args)
        .filter(([name]) => whole(name) !== "")
        .map(([name, value]) => [name, truncateUtf8(value, maxBytes)]),
    );
  const cut: Cause = {
    ...cause,
    system: truncateUtf8(cause.system, MAX_IDENTITY_BYTES),
    module: truncateUtf8(cause.module, MAX_IDENTITY_BYTES),
    code: truncateUtf8(cause.code, MAX_IDENTITY_BYTES),
    reason: whole(cause.reason),
    message: truncateUtf8(cause.message, maxBytes),
    args: values(cause.args),
    privateArgs: values(cause.privateArgs),
    procedure: whole(cause.procedure),
    help: whole(cause.help),
  };
  if (cause.spanId.length > maxBytes) {
    cut.spanId = new Uint8Array();
  }
  if (maxBytes === 0) {
    delete cut.retry;
    addRetry(cut, cause.retry); // without the delay
    delete cut.occurredAt;
  }
  return cut;
}

/** Notes on a cause what forbids a retry by what another one says. */
function addRetry(cause: Cause, other: Retry | undefined): void {
  const forbids = other?.advice === RetryAdvice.DO_NOT_RETRY;
  const attempts = Math.max(cause.retry?.attempts ?? 0, other?.attempts ?? 0);
  if (forbids || attempts > 0) {
    const advice = forbids ? RetryAdvice.DO_NOT_RETRY : cause.retry?.advice;
    cause.retry = create(RetrySchema, { ...cause.retry, ...(advice && { advice }), attempts });
  }
}

/**
 * Takes out the cause that is farthest from both the nearest cause and the
 * roots. What it caused moves up. Returns false if there is none in between.
 */
function dropMiddle(tree: CauseNode): boolean {
  let best: { parent: CauseNode; index: number; distance: number } | undefined;
  // Returns the distance from a node to the farthest root below it.
  const visit = (node: CauseNode, depth: number): number => {
    let height = 0;
    for (const [index, child] of node.children.entries()) {
      const below = visit(child, depth + 1);
      height = Math.max(height, below + 1);
      const distance = Math.min(depth + 1, below);
      if (distance > (best?.distance ?? 0)) {
        best = { parent: node, index, distance };
      }
    }
    return height;
  };
  visit(tree, 0);
  if (best === undefined) {
    return false;
  }
  const { parent, index } = best;
  const [dropped] = parent.children.splice(index, 1);
  parent.children.splice(index, 0, ...(dropped?.children ?? []));
  addElided(parent.cause, 1 + (dropped?.cause.elided ?? 0));
  addRetry(parent.cause, dropped?.cause.retry);
  return true;
}

/** Takes out the last cause that nothing follows from below, but never the root cause. */
function dropLastLeaf(tree: CauseNode, root: Cause): boolean {
  const visit = (node: CauseNode): boolean => {
    for (let index = node.children.length - 1; index >= 0; index--) {
      const child = node.children[index] as CauseNode;
      if (visit(child)) {
        return true;
      }
      if (child.cause !== root && child.children.length === 0) {
        node.children.splice(index, 1);
        addElided(node.cause, 1 + child.cause.elided);
        addRetry(node.cause, child.cause.retry);
        return true;
      }
    }
    return false;
  };
  return visit(tree);
}
