import type { Cause, ErrorChain } from "../../gen/errchain/v1/error_chain_pb.js";

/** A cause with the causes directly below it. */
export interface CauseNode {
  readonly cause: Cause;
  readonly children: CauseNode[];
}

/**
 * The tree that the causes of a chain stand for, or undefined for a chain
 * without causes.
 *
 * Never fails: where `branches` promises more causes than follow, the tree just
 * ends; a cause that nobody announced (a peer that forgot to set `branches`)
 * belongs to the cause before it, as in a plain chain.
 */
export function causeTree(chain: ErrorChain): CauseNode | undefined {
  const [first, ...rest] = chain.causes;
  if (first === undefined) {
    return undefined;
  }
  const root = node(first);
  let last = root;
  // The nodes that still wait for children, innermost last.
  const open = [{ node: root, missing: first.branches }];
  for (const cause of rest) {
    while (open.length > 0 && open.at(-1)?.missing === 0) {
      open.pop();
    }
    const parent = open.at(-1);
    const child = node(cause);
    if (parent === undefined) {
      last.children.push(child);
    } else {
      parent.missing--;
      parent.node.children.push(child);
    }
    open.push({ node: child, missing: cause.branches });
    last = child;
  }
  return root;
}

function node(cause: Cause): CauseNode {
  return { cause, children: [] };
}

/**
 * The causes of a tree in the order in which they travel, with `branches` set
 * to what the tree says.
 */
export function flattenTree(root: CauseNode): Cause[] {
  const causes: Cause[] = [];
  // A stack instead of recursion: a chain from a peer may be deep.
  const stack = [root];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    next.cause.branches = next.children.length;
    causes.push(next.cause);
    for (let i = next.children.length - 1; i >= 0; i--) {
      stack.push(next.children[i] as CauseNode);
    }
  }
  return causes;
}

/** Notes on a cause that causes directly below it were left out. */
export function addElided(cause: Cause, count: number): void {
  cause.elided = Math.min(cause.elided + count, 0xffffffff); // the peer's number may be anything
}
