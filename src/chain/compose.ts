import { create, toBinary } from "@bufbuild/protobuf";
import { type Cause, ErrorChainSchema } from "../../gen/errchain/v1/error_chain_pb.js";
import { boundChain } from "./bound.js";
import { encodeChain } from "./encode-chain.js";
import { MAX_CAUSES } from "./limits.js";
import { readChain, repairChain } from "./read.js";
import { scanChain } from "./scan.js";

/**
 * Puts a hop's own cause in front of the chains from below (none, one, or
 * several for a fan-out) and returns the encoded chain.
 *
 * The chains are joined as bytes: a chain from below is scanned, but decoded
 * only where it needs repair or the result would be over `maxBytes` or
 * MAX_CAUSES, see boundChain(). Unknown fields survive.
 *
 * @param own the hop's cause; `branches` is set here
 * @param below encoded chains, from anybody
 * @param traceId the hop's trace ID: 16 bytes, or empty. It is the one that the
 *   caller sees, also where a callee has begun another trace: the last value of
 *   a field counts.
 */
export function composeChain(
  own: Cause,
  below: readonly Uint8Array[],
  traceId: Uint8Array,
  maxBytes: number,
): Uint8Array {
  let causes = 1;
  let traceIdBelow: Uint8Array = NO_BYTES;
  const chains: Uint8Array[] = [];
  for (const bytes of below) {
    let chain = bytes;
    let scan = scanChain(chain);
    if (scan === undefined) {
      chain = repairChain(bytes);
      scan = scanChain(chain);
    }
    if (scan !== undefined) {
      chains.push(chain);
      causes += scan.causes;
      traceIdBelow = scan.traceId.length > 0 ? scan.traceId : traceIdBelow;
    }
  }
  own.branches = chains.length;
  const joined = encodeChain(own, chains, sameBytes(traceId, traceIdBelow) ? NO_BYTES : traceId);
  if (causes <= MAX_CAUSES && joined.length <= maxBytes) {
    return joined;
  }
  const chain = create(ErrorChainSchema, {
    causes: [own, ...chains.flatMap((bytes) => readChain(bytes).causes)],
    traceId: traceId.length > 0 ? traceId : traceIdBelow,
  });
  return toBinary(ErrorChainSchema, boundChain(chain, maxBytes));
}

const NO_BYTES = new Uint8Array();

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
