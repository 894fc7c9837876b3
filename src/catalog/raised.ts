import { create, toBinary } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { type Cause, ErrorChainSchema, Provenance } from "../../gen/errchain/v1/error_chain_pb.js";
import { addAttempts, retryHistory } from "../chain/attempts.js";
import { composeChain } from "../chain/compose.js";
import { chainsBehind, errorChain, lazyChainDetail } from "../chain/error-chain.js";
import { chainBudget, DEFAULT_MAX_BYTES } from "../chain/limits.js";
import { isConnectError } from "../chain/thrown.js";
import { causeTree, flattenTree } from "../chain/tree.js";

/** What the error of a definition is made of, for the hop that answers with it. */
export interface Raised {
  /** Without what only the hop knows: procedure and span. Must not be changed. */
  readonly own: Cause;
  /** What the error followed from: as it was thrown, or already as encoded chains. */
  readonly from: { readonly reason: unknown } | { readonly chains: readonly Uint8Array[] };
}

const raised = new WeakMap<ConnectError, Raised>();

/**
 * The error to throw for a cause. It carries its chain at once, so that it is
 * understood also where no server interceptor answers with it.
 */
export function raise(own: Cause, reason: unknown): ConnectError {
  const message = own.message.toWellFormed();
  const error = new ConnectError(message, own.status as number, undefined, undefined, reason);
  addAttempts(own, retryHistory(reason)?.attempts ?? 0);
  const maxBytes = chainBudget(DEFAULT_MAX_BYTES, message);
  const encode = () => composeChain({ ...own }, chainsBehind(reason), NO_TRACE_ID, maxBytes);
  error.details.push(lazyChainDetail(encode));
  raised.set(error, { own, from: { reason } });
  return error;
}

const NO_TRACE_ID = new Uint8Array();

/**
 * What an error was made of, if this process made it: by a definition, also one of
 * another copy of this library, or as the answer of an inner server interceptor.
 */
export function raisedAs(error: unknown): Raised | undefined {
  if (!isConnectError(error)) {
    return undefined;
  }
  return raised.get(error) ?? (error.isWireError ? undefined : takenApart(error));
}

function takenApart(error: ConnectError): Raised | undefined {
  const tree = causeTree(errorChain(error) ?? create(ErrorChainSchema));
  if (tree === undefined || tree.cause.provenance === Provenance.OBSERVED) {
    return undefined; // what the client interceptor says about a callee
  }
  const chains = tree.children.map((child) =>
    toBinary(ErrorChainSchema, create(ErrorChainSchema, { causes: flattenTree(child) })),
  );
  return { own: tree.cause, from: { chains } };
}
