import { toBinary } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { ErrorChainSchema, Provenance } from "../../../gen/errchain/v1/error_chain_pb.js";
import { addAttempts, noteHistory, type RetryHistory, retryHistory } from "../../chain/attempts.js";
import { boundChain } from "../../chain/bound.js";
import { chainDetail, isChainDetail, ownChainBytes } from "../../chain/error-chain.js";
import { chainBudget, DEFAULT_MAX_BYTES } from "../../chain/limits.js";
import { readChain } from "../../chain/read.js";
import { isConnectError } from "../../chain/thrown.js";

/**
 * What a call ends with: the error of its last attempt, from which retryHistory()
 * finds out about the others.
 *
 * How many attempts there were gets into the chain where the hop that made them has
 * an entry of its own: in what its client interceptor has observed (here), and in
 * what its server answers.
 *
 * @param procedure what was called, as it stands in a cause
 */
export function finalError(error: unknown, history: RetryHistory, procedure: string): unknown {
  if ((retryHistory(error)?.attempts ?? 0) > history.attempts) {
    return error; // a retry interceptor inside has said how it was tried
  }
  const final = ownError(error);
  if (typeof final === "object" && final !== null) {
    noteHistory(final, history);
  }
  if (history.attempts > 1 && isConnectError(final)) {
    addToObserved(final, history.attempts, procedure);
  }
  return final;
}

/** Several calls of a connection may share an error that was made on this side. */
function ownError(error: unknown): unknown {
  if (!isConnectError(error) || error.isWireError || ownChainBytes(error) !== undefined) {
    return error;
  }
  const { rawMessage, code, metadata, details, cause } = error;
  const copy = new ConnectError(rawMessage, code, metadata, [], cause);
  copy.details.push(...details);
  return copy;
}

function addToObserved(error: ConnectError, attempts: number, procedure: string): void {
  const chain = readChain(ownChainBytes(error) ?? new Uint8Array());
  const [nearest] = chain.causes;
  // A peer can send what it has itself observed, of another procedure.
  if (nearest?.provenance === Provenance.OBSERVED && nearest.procedure === procedure) {
    addAttempts(nearest, attempts);
    const bounded = boundChain(chain, chainBudget(DEFAULT_MAX_BYTES, error.rawMessage));
    const detail = chainDetail(toBinary(ErrorChainSchema, bounded));
    error.details = error.details.map((each) => (isChainDetail(each) ? detail : each));
  }
}
