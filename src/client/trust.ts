import { type Duration, durationFromMs, durationMs } from "@bufbuild/protobuf/wkt";
import type { ConnectError } from "@connectrpc/connect";
import { Provenance } from "../../gen/errchain/v1/error_chain_pb.js";
import { ownChainBytes } from "../chain/error-chain.js";
import { formatErrorChain } from "../chain/format.js";
import { readChain, repairChain } from "../chain/read.js";
import { type ChainScan, isTextAt, scanChain } from "../chain/scan.js";
import { truncateUtf8 } from "../chain/utf8.js";
import { calledProcedure, type PeerCall } from "./call.js";
import type { SaidCause } from "./observed-chain.js";

/** A chain that came with an error, in bytes that may be passed on. */
export interface ReceivedChain {
  readonly bytes: Uint8Array;
  readonly scan: ChainScan;
}

/** The chain that came with an error; undefined if there is none, or nothing in it can be read. */
export function receivedChain(error: ConnectError): ReceivedChain | undefined {
  const received = ownChainBytes(error);
  if (received === undefined) {
    return undefined;
  }
  const scan = scanChain(received);
  if (scan !== undefined) {
    return { bytes: received, scan };
  }
  const bytes = repairChain(received);
  const repaired = scanChain(bytes);
  return repaired && { bytes, scan: repaired };
}

/**
 * Whether the nearest cause is by the hop that was called. It is not where a hop
 * without this library passes on the error of another one: that one was called for
 * something else, or was never reached. An edge may have left the procedure out.
 */
export function isSigned({ bytes, scan }: ReceivedChain, call: PeerCall): boolean {
  const { systemAt, procedureAt, provenance } = scan.nearest;
  const { configured } = call.peer;
  const isProcedure = (text: string) => isTextAt(bytes, procedureAt, text);
  const called = calledProcedure(call);
  return (
    (isProcedure(called) || isProcedure("") || isProcedure("/") || isProcedure(`/${called}`)) &&
    (configured === undefined || isTextAt(bytes, systemAt, configured.system)) &&
    provenance >= 0 &&
    provenance !== Provenance.OBSERVED
  );
}

/** What a chain says that nobody vouches for, as a private arg of one cause. */
export function claimOf({ bytes }: ReceivedChain): SaidCause {
  const chain = readChain(bytes);
  const claim = truncateUtf8(formatErrorChain(chain), MAX_CLAIM_BYTES);
  const delay = chain.causes[0]?.retry?.delay;
  return { privateArgs: { claim }, ...(delay && { delay }) };
}

/** The delay that an untrusted peer may ask for. */
export function cappedDelay(delay: Duration): Duration {
  return durationMs(delay) > MAX_CLAIMED_DELAY_MS ? durationFromMs(MAX_CLAIMED_DELAY_MS) : delay;
}

const MAX_CLAIM_BYTES = 512;
const MAX_CLAIMED_DELAY_MS = 10_000;
