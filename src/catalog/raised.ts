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
 * The getter is the same for all details, so that V8 gives them all one shape.
 */
const ENCODED_WHEN_READ: PropertyDescriptor & ThisType<RaisedDetail> = {
  enumerable: true,
  configurable: true,
  get() {
    const { own, from } = this[RAISED];
    const chains = "chains" in from ? from.chains : chainsBehind(from.reason);
    const maxBytes = chainBudget(DEFAULT_MAX_BYTES, own.message);
    const value = composeChain({ ...own }, chains, "", maxBytes);
    // Remembered, unless somebody has frozen it: then Reflect does not throw.
    Reflect.defineProperty(this, "value", { value, enumerable: true, configurable: true });
    return value;
  },
};

function raisedDetail(own: Cause, reason: unknown): RaisedDetail {
  const detail = { type: ErrorChainSchema.typeName, [RAISED]: { own, from: { reason } } };
  return Object.defineProperty(detail, "value", ENCODED_WHEN_READ) as RaisedDetail;
}

function isRaisedDetail(detail: ErrorDetail): detail is RaisedDetail {
  return RAISED in detail;
}

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

/** Whether an error is that of a definition, and is as it was raised. */
export function isRaisedAlone(error: ConnectError): boolean {
  const details = detailsOf(error);
  const [detail] = details;
  return details.length === 1 && detail !== undefined && isRaisedDetail(detail);
}

/**
 * What an error was made of, if this process made it: by a definition, also one of
 * another copy of this library, or as the answer of an inner server interceptor.
 */
export function raisedAs(error: ConnectError): Raised | undefined {
  for (const detail of detailsOf(error)) {
    if (isRaisedDetail(detail)) {
      return detail[RAISED];
    }
  }
  return error.isWireError ? undefined : takenApart(error);
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
