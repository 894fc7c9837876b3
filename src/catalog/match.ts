import type { Cause } from "../../gen/errchain/v1/error_chain_pb.js";
import { errorChain } from "../chain/error-chain.js";
import type { CodeParts } from "../chain/full-code.js";
import type { ErrorDefinition } from "./define-error.js";

/** A cause with the args of its definition. */
export type CauseOf<Args> = Omit<Cause, "args"> & { readonly args: Args };

/**
 * The first cause of a definition anywhere in a chain, nearest first, with typed
 * args; undefined if there is none. Takes any thrown value, or a chain.
 *
 * An older or newer version of the peer may send other args than the definition
 * names: an arg can be missing whatever the type says.
 */
export function findCause<Args, PrivateArg extends string>(
  errorOrChain: unknown,
  definition: ErrorDefinition<Args, PrivateArg>,
): CauseOf<Args> | undefined {
  const cause = errorChain(errorOrChain)?.causes.find((c) => sameCode(c, definition));
  return cause as CauseOf<Args> | undefined;
}

/** Whether the nearest cause of an error is that of a definition. Takes any thrown value, or a chain. */
export function isError<Args, PrivateArg extends string>(
  errorOrChain: unknown,
  definition: ErrorDefinition<Args, PrivateArg>,
): boolean {
  const cause = errorChain(errorOrChain)?.causes[0];
  return cause !== undefined && sameCode(cause, definition);
}

function sameCode(a: CodeParts, b: CodeParts): boolean {
  return a.code === b.code && a.module === b.module && a.system === b.system;
}
