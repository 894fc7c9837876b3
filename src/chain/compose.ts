import { create, toBinary } from "@bufbuild/protobuf";
import { type Cause, ErrorChainSchema } from "../../gen/errchain/v1/error_chain_pb.js";
import { boundChain } from "./bound.js";
import { encodeChain } from "./encode-chain.js";
import { fromHex, isHexAt } from "./hex.js";
import { leaveOutMiddle } from "./leave-out-middle.js";
import { MAX_CAUSES, MAX_READ_CAUSES } from "./limits.js";
import { readChain, repairChain } from "./read.js";
import { scanChain, TRACE_ID_BYTES } from "./scan.js";

/**
 * Puts a hop's own cause in front of the chains from below (none, one, or
 * several for a fan-out) and returns the encoded chain.
 *
 * The chains are joined as bytes: a chain from below is scanned, but decoded
 * only where it needs repair or the result would be over `maxBytes` or
 * MAX_CAUSES, see boundChain(). Unknown fields survive.
 *
 * @param own the hop's cause; `branches` is set here, and `elided` in a large fan-out
 * @param below encoded chains, from anybody
 * @param traceId the hop's trace ID: 32 hex digits, or empty. It is the one that the
 *   caller sees, also where a callee has begun another trace: the last value of
 *   a field counts.
 */
export function composeChain(
  own: Cause,
  below: readonly Uint8Array[],
  traceId: string,
  maxBytes: number,
): Uint8Array {
  if (below.length > MAX_CAUSES) {
    own.elided = countCauses(below.slice(MAX_CAUSES));
    return composeChain(own, below.slice(0, MAX_CAUSES), traceId, maxBytes);
  }
  let causes = 1;
  let isLine = below.length <= 1;
  // The last of the chains that has a trace ID, and where that stands.
  let traced: Uint8Array = NO_BYTES;
  let traceIdAt = 0;
  const chains = [...below];
  let count = 0;
  for (const bytes of below) {
    let chain = bytes;
    let scan = scanChain(chain);
    if (scan === undefined) {
      chain = repairChain(bytes);
      scan = scanChain(chain);
    }
    if (scan !== undefined) {
      chains[count++] = chain;
      causes += scan.causes;
      isLine &&= scan.isLine;
      if (scan.traceIdAt > 0) {
        traced = chain;
        traceIdAt = scan.traceIdAt;
      }
    }
  }
  if (count < chains.length) {
    chains.length = count; // nothing of the others can be read
  }
  own.branches = chains.length;
  const isBelow = traceIdAt > 0 && isHexAt(traceId, traced, traceIdAt);
  const joined = encodeChain(own, chains, isBelow ? "" : traceId);
  if (causes <= MAX_CAUSES && joined.length <= maxBytes) {
    return joined;
  }
  const shortened = isLine ? leaveOutMiddle(joined, maxBytes) : undefined;
  if (shortened !== undefined) {
    return shortened;
  }
  // Each chain may have MAX_READ_CAUSES; all of a fan-out together would be too many to
  // be left out one by one.
  const parts = chains
    .map(readChain)
    .map((part) => (causes > MAX_READ_CAUSES ? boundChain(part, maxBytes) : part));
  const chain = create(ErrorChainSchema, {
    causes: [own, ...parts.flatMap((part) => part.causes)],
    traceId:
      traceId === "" ? traced.subarray(traceIdAt, traceIdAt + TRACE_ID_BYTES) : fromHex(traceId),
  });
  return toBinary(ErrorChainSchema, boundChain(chain, maxBytes));
}

/** One for each chain of which nothing can be read without a repair. */
function countCauses(chains: readonly Uint8Array[]): number {
  return chains.reduce((sum, chain) => sum + (scanChain(chain)?.causes ?? 1), 0);
}

const NO_BYTES = new Uint8Array();
