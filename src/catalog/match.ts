import { isMessage } from "@bufbuild/protobuf";
import { type Cause, CauseSchema } from "../../gen/errchain/v1/error_chain_pb.js";
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

/** Definitions by any name, as the generator writes them for each enum of a proto catalog. */
export type DefinitionSet = {
  readonly [name: string]: ErrorDefinition;
};

/** A cause of one of a set of definitions: `fullCode` tells which. */
export type MatchedCause<Definitions extends DefinitionSet> = {
  [Name in keyof Definitions]: Definitions[Name] extends ErrorDefinition<
    infer Args,
    string,
    infer FullCode
  >
    ? { readonly fullCode: FullCode; readonly args: Args; readonly cause: CauseOf<Args> }
    : never;
}[keyof Definitions];

/** A cause that none of a set of definitions knows, or no cause at all. */
export interface OtherCause {
  readonly fullCode: undefined;
  readonly args: undefined;
  readonly cause: Cause | undefined;
}

/**
 * Tells which of a set of definitions a cause belongs to, for a `switch` that the
 * compiler knows to be complete:
 *
 *     const match = matchCause(rootCause(err), RouteErrorCatalog);
 *     switch (match.fullCode) {
 *       case "ROUTE_DISPATCH_20003":
 *         return `configure ${match.args.address}`;
 *       case undefined:
 *         return "another error";
 *     }
 *
 * In a function that declares what it returns, the compiler complains about a
 * code that is missing, and about a missing `undefined`: a newer version of the
 * peer may have codes that this one does not know. Elsewhere, let the default
 * branch say `match satisfies never`.
 *
 * Takes a cause, or any thrown value, of which it takes the nearest cause.
 */
export function matchCause<Definitions extends DefinitionSet>(
  causeOrError: unknown,
  definitions: Definitions,
): MatchedCause<Definitions> | OtherCause {
  const cause = isCause(causeOrError) ? causeOrError : errorChain(causeOrError)?.causes[0];
  const definition =
    cause && Object.values(definitions).find((candidate) => sameCode(cause, candidate));
  return definition === undefined
    ? { fullCode: undefined, args: undefined, cause }
    : ({ fullCode: definition.fullCode, args: cause?.args, cause } as MatchedCause<Definitions>);
}

/** Never throws, as isMessage() does for a proxy whose traps throw. */
function isCause(value: unknown): value is Cause {
  try {
    return isMessage(value, CauseSchema);
  } catch {
    return false;
  }
}

function sameCode(a: CodeParts, b: CodeParts): boolean {
  return a.code === b.code && a.module === b.module && a.system === b.system;
}
