import { Code, type ConnectError } from "@connectrpc/connect";
import { retryHistory } from "../../chain/attempts.js";
import { allErrorsBehind, errorsWithChain } from "../../chain/error-chain.js";
import { combineRetryFacts, type PeerRetryFacts, retryFactsOf } from "../../chain/retry-facts.js";
import { isConnectError } from "../../chain/thrown.js";
import { isConnectionLost, neverProcessed } from "../connection-failure.js";
import { cappedFacts, isOfProcedure, receivedChain } from "../trust.js";

/** A failed attempt, as far as a retry depends on it. */
export interface Failure {
  /** What all who have a say say about a repetition. */
  readonly facts: PeerRetryFacts;
  /** The request never reached the peer's application. */
  readonly unprocessed: boolean;
  /** The kind of failure passes: the same call may succeed a moment later. */
  readonly transient: boolean;
}

/**
 * Reads what an attempt failed with: with or without the client interceptor inside,
 * from peers of any kind.
 *
 * @param procedure what was called
 * @param wasLimited whether the attempt had less time than the whole call
 * @param trusted whether advice of the peer counts, and any delay that it asks for
 */
export function readFailure(
  error: unknown,
  procedure: string,
  wasLimited: boolean,
  trusted = true,
): Failure {
  // An interceptor inside may have wrapped what forbids a retry.
  const behind = allErrorsBehind(error).filter(isConnectError).map(retryFactsOf);
  const { retry, hasDelay } = isConnectError(error) ? retryFactsOf(error) : NO_FACTS;
  const isOfCall = isAllOf(procedure, error);
  const said = { ...combineRetryFacts(behind), retry: retry && isOfCall, hasDelay };
  const believed = trusted ? said : cappedFacts(said);
  // An interceptor inside may have repeated the call, and no chain says so.
  const attempts = Math.max(believed.attempts, retryHistory(error)?.attempts ?? 0);
  const facts = { ...believed, attempts };
  const unprocessed = isOfCall && neverProcessed(error);
  return {
    facts,
    unprocessed,
    transient: unprocessed || facts.retry || isTransient(error, facts, wasLimited),
  };
}

/**
 * Whether no chain tells that a failure is that of another call. Somebody who has been
 * called may throw on what he caught, and so may an interceptor inside of us that has
 * made a call of its own: then the peer may have done its work.
 */
function isAllOf(procedure: string, error: unknown): boolean {
  return errorsWithChain(error).every((each) => {
    const received = receivedChain(each);
    return received === undefined || isOfProcedure(received, procedure);
  });
}

const NO_FACTS = { retry: false, hasDelay: false };

/**
 * By AIP-194 only UNAVAILABLE is repeated. RESOURCE_EXHAUSTED and ABORTED may take
 * long to pass, so they are where the peer says when to come again.
 */
function isTransient(error: unknown, { hasDelay }: PeerRetryFacts, wasLimited: boolean): boolean {
  if (!isConnectError(error)) {
    return error instanceof TypeError; // what fetch() throws for a network error
  }
  switch (error.code) {
    case Code.Unavailable:
      return true;
    case Code.ResourceExhausted:
      return hasDelay;
    case Code.Aborted:
      return hasDelay || madeHere(error);
    // The peer that we gave less time may have noticed before us.
    case Code.DeadlineExceeded:
      return wasLimited;
    // connect-node's word for a stream that its peer's end has reset.
    case Code.Canceled:
      return madeHere(error);
    default:
      return isConnectionLost(error);
  }
}

function madeHere(error: ConnectError): boolean {
  return !error.isWireError;
}
