import { create, toBinary } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { type Cause, ErrorChainSchema, Provenance } from "../../gen/errchain/v1/error_chain_pb.js";
import { addAttempts, retryHistory } from "../chain/attempts.js";
import { composeChain } from "../chain/compose.js";
import { chainsBehind, detailsOf, type ErrorDetail, errorChain } from "../chain/error-chain.js";
import { chainBudget, DEFAULT_MAX_BYTES } from "../chain/limits.js";
import { causeTree, flattenTree } from "../chain/tree.js";

/** What the error of a definition is made of, for the hop that answers with it. */
export interface Raised {
  /** Without what only the hop knows: procedure and span. Must not be changed. */
  readonly own: Cause;
  /** What the error followed from: as it was thrown, or already as encoded chains. */
  readonly from: { readonly reason: unknown } | { readonly chains: readonly Uint8Array[] };
}

/** What a detail was made of. A symbol, so that the detail can be copied, and looks like any other. */
const RAISED = Symbol("errchain.raised");

/** The chain of an error that was raised here. */
type RaisedDetail = ErrorDetail & { readonly [RAISED]: Raised };

/**
 * The chain is encoded when somebody reads it: mostly nobody does, since the hop that
 * answers with the error encodes its cause anew, together with what only the hop knows.
 */
function raisedDetail(own: Cause, reason: unknown): RaisedDetail {
  let bytes: Uint8Array | undefined;
  return {
    type: ErrorChainSchema.typeName,
    get value() {
      const maxBytes = chainBudget(DEFAULT_MAX_BYTES, own.message);
      bytes ??= composeChain({ ...own }, chainsBehind(reason), NO_TRACE_ID, maxBytes);
      return bytes;
    },
    [RAISED]: { own, from: { reason } },
  };
}

function isRaisedDetail(detail: ErrorDetail): detail is RaisedDetail {
  return RAISED in detail;
}

const NO_TRACE_ID = new Uint8Array();

/**
 * The error to throw for a cause. It carries its chain at once, so that it is
 * understood also where no server interceptor answers with it.
 */
export function raise(own: Cause, reason: unknown): ConnectError {
  const message = own.message.toWellFormed();
  const error = new ConnectError(message, own.status as number, undefined, undefined, reason);
  addAttempts(own, retryHistory(reason)?.attempts ?? 0);
  error.details = [raisedDetail(own, reason)];
  return error;
}

/**
 * What an error was made of, if this process made it: by a definition, also one of
 * another copy of this library, or as the answer of an inner server interceptor.
 */
export function raisedAs(error: ConnectError): Raised | undefined {
  const detail = detailsOf(error).find(isRaisedDetail);
  return detail?.[RAISED] ?? (error.isWireError ? undefined : takenApart(error));
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
