import { create, toBinary } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { type Cause, ErrorChainSchema, Provenance } from "../../gen/errchain/v1/error_chain_pb.js";
import { addAttempts, retryHistory } from "../chain/attempts.js";
import { composeChain } from "../chain/compose.js";
import { chainsBehind, detailsOf, errorChain } from "../chain/error-chain.js";
import { chainBudget, DEFAULT_MAX_BYTES } from "../chain/limits.js";
import { causeTree, flattenTree } from "../chain/tree.js";

/** What the error of a definition is made of, for the hop that answers with it. */
export interface Raised {
  /** Without what only the hop knows: procedure and span. Must not be changed. */
  readonly own: Cause;
  /** What the error followed from: as it was thrown, or already as encoded chains. */
  readonly from: { readonly reason: unknown } | { readonly chains: readonly Uint8Array[] };
}

/**
 * The chain of an error that was raised here, as a detail. It is encoded when somebody
 * reads it: mostly nobody does, since the hop that answers with the error encodes its
 * cause anew, together with what only the hop knows.
 */
class RaisedDetail implements Raised {
  readonly type = ErrorChainSchema.typeName;
  readonly #own: Cause;
  readonly #reason: unknown;
  #value: Uint8Array | undefined;

  constructor(own: Cause, reason: unknown) {
    this.#own = own;
    this.#reason = reason;
  }

  get value(): Uint8Array {
    this.#value ??= composeChain(
      { ...this.#own },
      chainsBehind(this.#reason),
      NO_TRACE_ID,
      chainBudget(DEFAULT_MAX_BYTES, this.#own.message),
    );
    return this.#value;
  }

  get own(): Cause {
    return this.#own;
  }

  get from() {
    return { reason: this.#reason };
  }
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
  error.details = [new RaisedDetail(own, reason)];
  return error;
}

/**
 * What an error was made of, if this process made it: by a definition, also one of
 * another copy of this library, or as the answer of an inner server interceptor.
 */
export function raisedAs(error: ConnectError): Raised | undefined {
  const detail = detailsOf(error).find((each) => each instanceof RaisedDetail);
  return detail ?? (error.isWireError ? undefined : takenApart(error));
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
