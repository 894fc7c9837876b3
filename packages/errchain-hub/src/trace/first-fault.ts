import { blamesAnother, type HopNode, timeOf } from "./hop-node.js";

/**
 * The hop that everything else followed from: of the deepest ones that which
 * failed first. What the systems reported counts before what only the time says,
 * and who says that another is to blame comes last. Callers come before callees
 * in the list.
 */
export function firstFaultOf(nodes: readonly HopNode[]): HopNode {
  const leaves = nodes.filter(({ children }) => children.length === 0);
  const byTimeOnly = linkedByTimeOnly(nodes);
  const doubtsOn = (leaf: HopNode) =>
    (blamesAnother(leaf) ? 2 : 0) + (byTimeOnly.has(leaf) ? 1 : 0);
  return leaves.reduce((best, leaf) => {
    const less = doubtsOn(leaf) - doubtsOn(best);
    return less < 0 || (less === 0 && timeOf(leaf) < timeOf(best)) ? leaf : best;
  });
}

/** The hops that nothing but the time links to the outermost one, somewhere on the way. */
function linkedByTimeOnly(nodes: readonly HopNode[]): Set<HopNode> {
  const found = new Set<HopNode>();
  for (const node of nodes) {
    if (node.link === "time-order" || (node.parent !== undefined && found.has(node.parent))) {
      found.add(node);
    }
  }
  return found;
}
