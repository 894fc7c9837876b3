import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Cause, ErrorChain } from "../../gen/errchain/v1/error_chain_pb.js";
import { errorChain } from "./error-chain.js";
import { causeTree } from "./tree.js";

/**
 * The cause that everything else followed from: the deepest one. In a fan-out
 * the one of the deepest causes that failed first, by `occurredAt`; where a
 * time is missing, the one that comes first in the chain.
 *
 * Takes any thrown value, or a chain. Returns undefined if there is no chain.
 */
export function rootCause(errorOrChain: unknown): Cause | undefined {
  const chain = errorChain(errorOrChain);
  return chain && rootOfChain(chain);
}

export function rootOfChain(chain: ErrorChain): Cause | undefined {
  const tree = causeTree(chain);
  const stack = tree ? [tree] : [];
  let root: Cause | undefined;
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node.children.length > 0) {
      stack.push(...node.children.toReversed());
    } else if (root === undefined || failedBefore(node.cause, root)) {
      root = node.cause;
    }
  }
  return root;
}

function failedBefore(a: Cause, b: Cause): boolean {
  return (
    a.occurredAt !== undefined &&
    b.occurredAt !== undefined &&
    timestampMs(a.occurredAt) < timestampMs(b.occurredAt)
  );
}
