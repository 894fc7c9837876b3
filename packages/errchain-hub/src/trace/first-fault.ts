import { blamesAnother, type HopNode, timeOf } from "./hop-node.js";

/**
 * The hop that everything else followed from: of the deepest ones that which
 * failed first. What the systems reported counts before what only the time says,
 * and who says that another is to blame comes last.
 */
export function firstFaultOf(depthFirst: readonly HopNode[]): HopNode {
  const leaves = depthFirst.filter(({ children }) => children.length === 0);
  const doubts = new Map(leaves.map((leaf) => [leaf, doubtsOn(leaf)]));
  return leaves.reduce((best, leaf) => {
    const less = (doubts.get(leaf) ?? 0) - (doubts.get(best) ?? 0);
    return less < 0 || (less === 0 && timeOf(leaf) < timeOf(best)) ? leaf : best;
  });
}

function doubtsOn(leaf: HopNode): number {
  let byTimeOnly = 0;
  for (let node: HopNode | undefined = leaf; node !== undefined; node = node.parent) {
    byTimeOnly ||= node.link === "time-order" ? 1 : 0;
  }
  return (blamesAnother(leaf) ? 2 : 0) + byTimeOnly;
}
