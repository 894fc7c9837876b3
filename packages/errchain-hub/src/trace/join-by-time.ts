import { firstFaultOf } from "./first-fault.js";
import { blamesAnother, byTime, type HopNode, link, timeOf } from "./hop-node.js";

/**
 * Joins trees that no record links into one, by the time of failure: a caller
 * fails after its callee. Gives the outermost hop.
 *
 * What a hop says of itself counts more than the clocks: one that says it follows
 * from nothing goes innermost, one that blames another system does not.
 */
export function joinByTime(roots: readonly HopNode[]): HopNode | undefined {
  const trees = roots.map((root) => ({ root, fault: firstFaultOf(treeOf(root)) }));
  const isClosed = ({ root }: Tree) => root.closed && root.children.length === 0;
  trees.sort((a, b) => Number(isClosed(a)) - Number(isClosed(b)) || byTime(b.root, a.root));
  const innermost = trees.findLastIndex(({ fault }) => !blamesAnother(fault));
  if (innermost !== -1) {
    trees.push(...trees.splice(innermost, 1));
  }
  const silent = new Map<string, HopNode>();
  for (const { fault } of trees) {
    if (fault.provenance === "OBSERVED" && !silent.has(fault.system)) {
      silent.set(fault.system, fault);
    }
  }
  const [outer, ...rest] = trees;
  let above = outer;
  for (const tree of rest) {
    // The caller saw the system fail, and here is what the system itself says.
    const seen = silent.get(tree.root.system);
    if (seen !== undefined && seen.children.length === 0) {
      if (link(seen, tree.root, "time-order")) continue;
    }
    if (above !== undefined) {
      link(placeBelow(above, tree.root), tree.root, "time-order");
    }
    above = tree;
  }
  return outer?.root;
}

interface Tree {
  readonly root: HopNode;
  readonly fault: HopNode;
}

/** The deepest hop on the way to the tree's first fault that can have failed because of another. */
function placeBelow({ root, fault }: Tree, other: HopNode): HopNode {
  const path: HopNode[] = [];
  for (let node: HopNode | undefined = fault; node !== undefined; node = node.parent) {
    path.push(node);
    if (node === root) break;
  }
  let place = root;
  for (const node of path.toReversed().slice(1)) {
    if (node.closed || (timeOf(node) < timeOf(other) && !blamesAnother(node))) {
      break;
    }
    place = node;
  }
  return place;
}

function treeOf(root: HopNode): HopNode[] {
  const nodes = [root];
  for (let index = 0; index < nodes.length; index++) {
    nodes.push(...(nodes[index]?.children ?? []));
  }
  return nodes;
}
