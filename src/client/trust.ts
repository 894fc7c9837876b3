import { type Duration, durationFromMs, durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { Provenance } from "../../gen/errchain/v1/error_chain_pb.js";
import type { SaidCause } from "../catalog/google-rpc.js";
import { detailsOf, ownChainBytes, typeNameOf } from "../chain/error-chain.js";
import { formatBeginning } from "../chain/format.js";
import { readChain, repairChain } from "../chain/read.js";
import { type PeerRetryFacts, PUSHBACK, RETRY_AFTER, readPushback } from "../chain/retry-facts.js";
import { RETRY_INFO } from "../chain/retry-info.js";
import { type ChainScan, isTextAt, scanChain } from "../chain/scan.js";
import { isConnectError } from "../chain/thrown.js";
import { truncateUtf8 } from "../chain/utf8.js";
import { calledProcedure, type PeerCall } from "./call.js";

/** A chain that came with an error, in bytes that may be passed on. */
export interface ReceivedChain {
  readonly bytes: Uint8Array;
  readonly scan: ChainScan;
  /** Whether the bytes are others than those that came. */
  readonly isRepaired: boolean;
}

/** The chain that came with an error; undefined if there is none, or nothing in it can be read. */
export function receivedChain(error: ConnectError): ReceivedChain | undefined {
  const received = ownChainBytes(error);
  if (received === undefined) {
    return undefined;
  }
  const scan = scanChain(received);
  if (scan !== undefined) {
    return { bytes: received, scan, isRepaired: false };
  }
  const bytes = repairChain(received);
  const repaired = scanChain(bytes);
  return repaired && { bytes, scan: repaired, isRepaired: true };
}

/**
 * Whether the nearest cause is by the hop that was called. It is not where a hop
 * without this library passes on the error of another one: that one was called for
 * something else, or was never reached. An edge may have left the procedure out.
 */
export function isSigned(received: ReceivedChain, call: PeerCall): boolean {
  const { bytes, scan } = received;
  const { systemAt, provenance } = scan.nearest;
  const { configured } = call.peer;
  return (
    isOfProcedure(received, calledProcedure(call)) &&
    (configured === undefined || isTextAt(bytes, systemAt, configured.system)) &&
    provenance >= 0 &&
    provenance !== Provenance.OBSERVED
  );
}

/** Whether the nearest cause can be by the hop that was called: it tells of no other procedure. */
export function isOfProcedure({ bytes, scan }: ReceivedChain, called: string): boolean {
  const { procedureAt } = scan.nearest;
  const isProcedure = (text: string) => isTextAt(bytes, procedureAt, text);
  return isProcedure(called) || isProcedure("") || isProcedure("/") || isProcedure(`/${called}`);
}

/** What a chain says that nobody vouches for, as a private arg of one cause. */
export function claimOf({ bytes }: ReceivedChain): SaidCause {
  const chain = readChain(bytes);
  const claim = truncateUtf8(formatBeginning(chain, MAX_CLAIM_BYTES + 1), MAX_CLAIM_BYTES);
  const delay = chain.causes[0]?.retry?.delay;
  return { privateArgs: { claim }, ...(delay && { delay }) };
}

/** The delay that an untrusted peer may ask for. */
export function cappedDelay(delay: Duration): Duration {
  return durationMs(delay) > MAX_CLAIMED_DELAY_MS ? durationFromMs(MAX_CLAIMED_DELAY_MS) : delay;
}

/**
 * What an untrusted peer says of retries beside its chain counts up to the same limit: a
 * server passes it on to its own callers. The cause that we write has the delay of its
 * RetryInfo.
 */
export function limitDelay(error: ConnectError): void {
  error.details = detailsOf(error).filter((detail) => typeNameOf(detail) !== RETRY_INFO);
}

/** The same of what is in the metadata, also of an answer that is no RPC's. */
export function limitPushback({ metadata }: ConnectError): void {
  const pushback = readPushback(metadata);
  metadata.delete(PUSHBACK); // also "never", which is more than any limit
  metadata.delete(RETRY_AFTER);
  if (pushback !== undefined && pushback >= 0) {
    metadata.set(PUSHBACK, String(Math.min(pushback, MAX_CLAIMED_DELAY_MS)));
  }
}

/** What counts of what an untrusted peer says of retries: when to come again, and no more. */
export function cappedFacts({ hasDelay, delayMs }: PeerRetryFacts): PeerRetryFacts {
  return {
    doNotRetry: false,
    pushedBack: false,
    attempts: 0,
    delayMs: Math.min(delayMs, MAX_CLAIMED_DELAY_MS),
    retry: false,
    hasDelay,
  };
}

/**
 * The error of an untrusted peer, for whatever cannot be understood, without what it
 * claims: another error has that behind itself.
 */
export function withoutClaims(reason: unknown): unknown {
  try {
    if (isConnectError(reason) && reason.isWireError) {
      reason.details = [];
      return reason;
    }
  } catch {
    // Frozen.
  }
  return new ConnectError("the answer of the peer cannot be read", Code.Unavailable);
}

const MAX_CLAIM_BYTES = 512;
const MAX_CLAIMED_DELAY_MS = 10_000;
